namespace Microsoft.ML.SigmaMoE;

/// <summary>Two neighbouring tokens. Ordered by the left id, then by the right id.</summary>
internal readonly record struct TokenPair(int Left, int Right) : IComparable<TokenPair>
{
    public int CompareTo(TokenPair other) => Key.CompareTo(other.Key);

    public override int GetHashCode() => Key.GetHashCode() * -1640531527;

    private long Key => ((long)Left << 32) | (uint)Right;
}
