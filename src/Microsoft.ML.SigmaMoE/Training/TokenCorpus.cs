using System.Runtime.InteropServices;
using System.Text;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The documents of a training as token files on disk, those kept for validation apart. Owns the files and deletes
/// them.
/// </summary>
internal sealed class TokenCorpus : IDisposable
{
    private readonly string _folder;

    private TokenCorpus(string folder, TokenFile training, TokenFile? validation) =>
        (_folder, Training, Validation) = (folder, training, validation);

    /// <summary>Gets the text to train on.</summary>
    public TokenFile Training { get; }

    /// <summary>Gets the text to measure on, or null where no row was left for it.</summary>
    public TokenFile? Validation { get; }

    /// <summary>Tokenises documents one by one. Empty ones are passed over.</summary>
    /// <param name="documents">Read once.</param>
    /// <param name="validation">
    /// The documents to measure on; null keeps a share of <paramref name="documents"/> for that.
    /// </param>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="options">Which share, and the seed that chooses it.</param>
    /// <param name="temporaryFolder">Where a folder for the files is made.</param>
    /// <param name="cancellationToken">Looked at before every document.</param>
    /// <exception cref="InvalidOperationException">No document holds any text.</exception>
    /// <exception cref="IOException">The temporary folder is full or cannot be written to.</exception>
    public static TokenCorpus Write(
        IEnumerable<ReadOnlyMemory<char>> documents,
        IEnumerable<ReadOnlyMemory<char>>? validation,
        TextTokenizer tokenizer,
        TrainingOptions options,
        string temporaryFolder,
        CancellationToken cancellationToken)
    {
        var folder = Directory.CreateDirectory(
            Path.Combine(temporaryFolder, $"sigmamoe-tokens-{Guid.NewGuid():N}")).FullName;
        try
        {
            var share = validation is null ? options.ValidationFraction : 0;
            int? seed = options.Shuffle ? options.Seed ?? 0 : null;
            using var training = new DocumentFileWriter(
                Path.Combine(folder, "training.tokens"), tokenizer.VocabularySize, tokenizer.SeparatorId, seed);
            using var kept = new DocumentFileWriter(
                Path.Combine(folder, "validation.tokens"), tokenizer.VocabularySize, tokenizer.SeparatorId, seed);
            Append(
                documents, tokenizer,
                row => row > 0 && SplitMix.Share(options.Seed ?? 0, row) < share ? kept : training, cancellationToken);
            Append(validation ?? [], tokenizer, _ => kept, cancellationToken);
            return Open(folder, training, kept, cancellationToken);
        }
        catch
        {
            Delete(folder);
            throw;
        }
    }

    public void Dispose()
    {
        Training.Dispose();
        Validation?.Dispose();
        Delete(_folder);
    }

    private static void Delete(string folder)
    {
        if (Directory.Exists(folder)) // who empties the temporary folder takes ours too
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // Only rows with tokens are numbered, so that what empty rows there are decides nothing. The first is always
    // trained on.
    private static void Append(
        IEnumerable<ReadOnlyMemory<char>> documents,
        TextTokenizer tokenizer,
        Func<long, DocumentFileWriter> writerOf,
        CancellationToken cancellationToken)
    {
        var tokens = new List<int>();
        var row = 0L;
        foreach (var document in documents)
        {
            cancellationToken.ThrowIfCancellationRequested();
            tokens.Clear();
            tokenizer.Encode(document.Span, tokens);
            if (tokens.Count > 0)
            {
                var bytes = Encoding.UTF8.GetByteCount(document.Span);
                Store(() => writerOf(row++).Append(CollectionsMarshal.AsSpan(tokens), bytes));
            }
        }
    }

    private static TokenCorpus Open(
        string folder, DocumentFileWriter training, DocumentFileWriter validation, CancellationToken cancellationToken)
    {
        if (training.IsEmpty)
        {
            throw new InvalidOperationException(
                "No row of the training data holds any text; there is nothing to train on.");
        }

        TokenFile? measured = null, trained = null;
        Store(() => measured = validation.IsEmpty ? null : validation.Complete(cancellationToken));
        Store(() => trained = training.Complete(cancellationToken));
        return new(folder, trained!, measured);
    }

    // only what we write: a fault of the rows themselves speaks for itself
    private static void Store(Action write)
    {
        try
        {
            write();
        }
        catch (IOException fault)
        {
            throw new IOException(
                $"The tokens of the text could not be stored: {fault.Message}. They need about as many bytes as the text; "
                + "free disk space, or choose another folder by MLContext.TempFilePath or the variable TMPDIR.",
                fault);
        }
    }
}
