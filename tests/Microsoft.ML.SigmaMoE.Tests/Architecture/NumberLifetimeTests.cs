using Mono.Cecil;
using TorchSharp;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// A number that TorchSharp makes by itself can be freed while libtorch reads it; see <see cref="TensorNumbers"/>.
/// </summary>
public sealed class NumberLifetimeTests
{
    private static readonly HashSet<string> MakersOfNumbers = FindMakersOfNumbers();

    [Fact]
    public void Library_OutsideTensorNumbers_HandsNoNumberToTorch()
    {
        using var library = ModuleDefinition.ReadModule(typeof(TensorNumbers).Assembly.Location);
        var calls =
            from type in library.GetTypes()
            where type.Name != nameof(TensorNumbers)
            from method in type.Methods
            from called in Calls(method)
            where MakersOfNumbers.Contains(called.FullName)
            select $"{type.FullName}.{method.Name} calls {called.FullName}; use {nameof(TensorNumbers)}";
        Assert.Empty(calls);
    }

    [Fact]
    public void MakersOfNumbers_IncludeTheSumOfTwoTensors() =>
        Assert.Contains(MakersOfNumbers, name => name.Contains("Tensor::op_Addition(TorchSharp.torch/Tensor,TorchSharp.torch/Tensor)", StringComparison.Ordinal));

    // The conversions, what calls them, what calls that, and so on.
    private static HashSet<string> FindMakersOfNumbers()
    {
        using var torchSharp = ModuleDefinition.ReadModule(typeof(torch).Assembly.Location);
        var callers = torchSharp.GetTypes().SelectMany(type => type.Methods)
            .SelectMany(method => Calls(method).Select(called => (Caller: method.FullName, Called: called.FullName)))
            .ToLookup(pair => pair.Called, pair => pair.Caller);
        var found = new HashSet<string>();
        var waiting = new Queue<string>(
            torchSharp.GetTypes().SelectMany(type => type.Methods).Where(IsConversion).Select(m => m.FullName));
        while (waiting.TryDequeue(out var name))
        {
            foreach (var caller in found.Add(name) ? callers[name] : [])
            {
                waiting.Enqueue(caller);
            }
        }

        return found;
    }

    private static bool IsConversion(MethodDefinition method) =>
        method.ReturnType.FullName == typeof(Scalar).FullName
            && (method.Name == "op_Implicit" || method.DeclaringType.Name == "ScalarExtensionMethods");

    private static IEnumerable<MethodReference> Calls(MethodDefinition method) => method.HasBody
        ? method.Body.Instructions.Select(instruction => instruction.Operand)
            .OfType<MethodReference>()
            .Select(call => call.GetElementMethod())
        : [];
}
