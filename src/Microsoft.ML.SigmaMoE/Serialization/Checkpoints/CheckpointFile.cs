namespace Microsoft.ML.SigmaMoE;

/// <summary>Opens a checkpoint by what its file is.</summary>
internal static class CheckpointFile
{
    /// <summary>Opens a file or a folder.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="InvalidDataException">It is no checkpoint, or a damaged one.</exception>
    public static ICheckpoint Open(string path)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"'{path}' is missing.", path);
        }

        try
        {
            return SafeTensorsCheckpoint.Open(path);
        }
        catch (InvalidDataException fault)
        {
            throw new InvalidDataException($"'{path}' cannot be used. {fault.Message}", fault);
        }
    }
}
