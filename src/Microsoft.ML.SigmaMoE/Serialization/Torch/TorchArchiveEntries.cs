using System.IO.Compression;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Checks the list of files in a PyTorch archive: no bomb, no name twice, one pickle.</summary>
internal static class TorchArchiveEntries
{
    /// <summary>Gets the files by name.</summary>
    /// <exception cref="InvalidDataException">
    /// One is compressed, a name is there twice, or all are longer than the archive.
    /// </exception>
    public static Dictionary<string, ZipArchiveEntry> Check(ZipArchive zip, long archiveLength)
    {
        var byName = new Dictionary<string, ZipArchiveEntry>(StringComparer.Ordinal);
        Int128 total = 0;
        foreach (var entry in zip.Entries)
        {
            total += entry.Length;
            if (entry.Length != entry.CompressedLength || entry.Length < 0)
            {
                throw new InvalidDataException(
                    $"'{entry.FullName}' is compressed; torch.save never compresses, so this is no PyTorch archive.");
            }

            if (!byName.TryAdd(entry.FullName, entry))
            {
                throw new InvalidDataException($"The PyTorch archive has '{entry.FullName}' twice.");
            }
        }

        // files that share bytes would make a small archive hold much
        return total <= archiveLength ? byName : throw new InvalidDataException(
            $"The files of the PyTorch archive are {total} bytes long in all, but the archive has {archiveLength}.");
    }

    /// <summary>Finds the pickle, in the one folder that an archive has.</summary>
    /// <exception cref="InvalidDataException">There is none, or more than one.</exception>
    public static ZipArchiveEntry FindPickle(IEnumerable<ZipArchiveEntry> entries, string name)
    {
        var found = entries
            .Where(entry => entry.FullName.EndsWith($"/{name}", StringComparison.Ordinal) && entry.FullName.Count(letter => letter == '/') == 1)
            .ToArray();
        return found.Length == 1 ? found[0] : throw new InvalidDataException(
            $"The zip has {found.Length} files called '{name}' in a folder, not one: it is no PyTorch archive.");
    }
}
