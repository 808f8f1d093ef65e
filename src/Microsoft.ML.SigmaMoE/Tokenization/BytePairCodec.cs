using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Splits text into words and encodes each with Microsoft.ML.Tokenizers' byte-pair encoder, remembering frequent words.</summary>
internal sealed class BytePairCodec : TokenCodec
{
    private readonly BytePairVocabulary _vocabulary;
    private readonly bool _splitDigits;
    private readonly Regex _pattern;
    private readonly WordCache _words;

    public BytePairCodec(BytePairVocabulary vocabulary, bool splitDigits)
    {
        _vocabulary = vocabulary;
        _splitDigits = splitDigits;
        _pattern = WordPattern.For(splitDigits);
        Pieces = vocabulary.Pieces();
        var encoder = BpeTokenizer.Create(new BpeOptions(vocabulary.Tokens) { Merges = vocabulary.Merges, ByteLevel = true });
        _words = new(word => encoder.EncodeToIds(word, considerPreTokenization: false, considerNormalization: false));
    }

    public override IReadOnlyList<byte[]> Pieces { get; }

    public override void Encode(ReadOnlySpan<char> text, List<int> ids)
    {
        foreach (var word in new WordEnumerator(_pattern, text))
        {
            _words.Append(word, ids);
        }
    }

    public override TokenizerHeader CreateHeader() =>
        new BytePairTokenizerHeader { SplitDigits = _splitDigits, MergeCount = _vocabulary.Merges.Count };

    public override void Save(INamedStreams files) => BytePairFiles.Write(files, _vocabulary);
}
