namespace Microsoft.ML.SigmaMoE;

/// <summary>A set of files with names: a folder on disk, or the entries of an archive.</summary>
internal interface INamedStreams
{
    /// <summary>Gets where the file <paramref name="name"/> is, for messages.</summary>
    string Locate(string name);

    /// <summary>
    /// Creates or replaces the file <paramref name="name"/> with what <paramref name="write"/> writes.
    /// </summary>
    void Write(string name, Action<Stream> write);

    /// <summary>Hands the content of the file <paramref name="name"/> to <paramref name="read"/>.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    void Read(string name, Action<Stream> read);
}
