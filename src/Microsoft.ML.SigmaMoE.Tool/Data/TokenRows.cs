using System.Globalization;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>Token ids as lines of numbers, separated by spaces or commas.</summary>
internal static class TokenRows
{
    /// <exception cref="UserException">Something is no number; the message names it.</exception>
    public static IEnumerable<int[]> Read(IEnumerable<string> lines) => lines.Select(Parse);

    private static int[] Parse(string line, int index) =>
    [
        .. line.Split([' ', ',', '\t'], StringSplitOptions.RemoveEmptyEntries).Select(word =>
            int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                ? id
                : throw new UserException($"'{word}' in document {index + 1} is no token id; ids are whole numbers from 0.")),
    ];
}
