namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// A tiny vocabulary with byte fallback, in which the names of control and byte pieces can be built from others.
/// </summary>
internal static class SampleSentencePieces
{
    public const int FirstByte = 3;
    public const int FirstPiece = FirstByte + 256;

    public static IReadOnlyList<string> Pieces { get; } =
    [
        "▁", "t", "h", "e", "<", "/", "s", ">", "0", "x", "4", "1", "u", "n", "k",
        "th", "the", "▁the", "</", "s>", "<0", "x4", "1>", "x41>", "<u", "nk", "nk>",
    ];

    public static int IdOf(string piece) => FirstPiece + Pieces.ToList().IndexOf(piece);

    public static SentencePieceModelBuilder Fill(SentencePieceModelBuilder builder)
    {
        builder.AddControls().AddBytes();
        foreach (var (index, piece) in Pieces.Index())
        {
            // longer pieces are more likely, so that they are chosen
            builder.Add(piece, -10f + piece.Length + (0.01f * index));
        }

        return builder;
    }

    public static byte[] Model(SentencePieceModelType type, bool addDummyPrefix = true) =>
        Fill(new() { Type = type, ByteFallback = true, AddDummyPrefix = addDummyPrefix }).Build();

    public static TextTokenizer Open(byte[] model)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("sample.model"), model);
        var options = new SentencePieceTokenizerOptions { Path = folder.File("sample.model") };
        return TextTokenizer.Train(options, Array.Empty<string>());
    }
}
