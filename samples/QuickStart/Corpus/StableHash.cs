using System.Text;

namespace QuickStart;

/// <summary>A hash that is the same in every process and on every machine, unlike <see cref="string.GetHashCode()"/>.</summary>
internal static class StableHash
{
    private const ulong FnvOffset = 14695981039346656037;
    private const ulong FnvPrime = 1099511628211;

    /// <summary>FNV-1a over the text's UTF-8, its bits mixed so that every one of them can be used.</summary>
    public static ulong Of(string text, ulong seed = 0)
    {
        var hash = FnvOffset ^ Mix(seed);
        foreach (var value in Encoding.UTF8.GetBytes(text))
        {
            hash = (hash ^ value) * FnvPrime;
        }

        return Mix(hash);
    }

    // The finaliser of MurmurHash3; 0 stays 0.
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 33)) * 0xff51afd7ed558ccd;
        value = (value ^ (value >> 33)) * 0xc4ceb9fe1a85ec53;
        return value ^ (value >> 33);
    }
}
