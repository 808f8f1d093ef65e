namespace Microsoft.ML.SigmaMoE;

/// <summary>Two neighbouring tokens. Ordered by the left id, then by the right id.</summary>
internal readonly record struct TokenPair(int Left, int Right) : IComparable<TokenPair>
{
    public int CompareTo(TokenPair other) => (Left, Right).CompareTo((other.Left, other.Right));

    // the hash of the pair as one long would be left xor right, the same for thousands of pairs of small ids
    public override int GetHashCode() => unchecked((Left * (int)0x9E3779B1) + Right);
}
