using System.Runtime.CompilerServices;

// as in the library: some tests look at what ML.NET keeps internal
[assembly: IgnoresAccessChecksTo("Microsoft.ML.Core")]
[assembly: IgnoresAccessChecksTo("Microsoft.ML.Data")]
