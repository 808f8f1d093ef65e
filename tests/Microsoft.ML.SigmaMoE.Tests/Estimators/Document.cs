namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>A row of input.</summary>
internal sealed class Document
{
    public string? Text { get; set; }

    public string Label { get; set; } = "";

    public int Number { get; set; }

    /// <summary>Makes rows that differ in length and words; every seventh is empty.</summary>
    public static Document[] Many(int count) => [.. Enumerable.Range(0, count).Select(number => new Document
    {
        Text = number % 7 == 3 ? "" : string.Join(' ', Words(number)),
        Label = $"class{number % 3}",
        Number = number,
    })];

    private static IEnumerable<string> Words(int number) => Enumerable.Range(0, 1 + number * 31 % 11)
        .Select(word => new string((char)('a' + (number % 3 * 7 + word) % 26), 1 + (number + word) % 5));
}
