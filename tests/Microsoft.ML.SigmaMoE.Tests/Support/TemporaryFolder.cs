namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>A folder of its own for one test, deleted with it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("sigmamoe-test-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose()
    {
        if (OperatingSystem.IsWindows())
        {
            // it deletes no open file: what nobody holds any more is closed first
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Directory.Delete(Path, recursive: true);
    }
}
