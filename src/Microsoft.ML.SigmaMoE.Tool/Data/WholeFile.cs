namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>Writes text files that are whole or not there.</summary>
internal static class WholeFile
{
    /// <summary>Writes a file; an existing one is replaced when the new one is complete.</summary>
    public static void Write(string path, Action<TextWriter> write)
    {
        var target = Path.GetFullPath(path);
        if (Path.GetDirectoryName(target) is { } folder)
        {
            Directory.CreateDirectory(folder);
        }

        var temporary = $"{target}.{Environment.ProcessId}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var writer = new StreamWriter(temporary))
            {
                write(writer);
            }

            File.Move(temporary, target, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    public static void Write(string path, string text) => Write(path, writer => writer.Write(text));
}
