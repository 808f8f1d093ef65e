using System.Text.Json.Serialization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Says that vocab.json and merges.txt hold a byte-level byte-pair vocabulary.</summary>
internal sealed record BytePairTokenizerHeader : TokenizerHeader
{
    [JsonRequired]
    public bool SplitDigits { get; init; }

    /// <summary>Gets how many merges there are, so that a file cut off at the end of a line is noticed.</summary>
    [JsonRequired]
    public int MergeCount { get; init; }

    public override TokenCodec Open(INamedStreams files) =>
        new BytePairCodec(BytePairFiles.Read(files, MergeCount), SplitDigits);
}
