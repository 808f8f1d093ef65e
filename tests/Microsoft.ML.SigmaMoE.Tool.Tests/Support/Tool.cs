using System.Text.Json;

namespace Microsoft.ML.SigmaMoE.Tool.Tests;

/// <summary>What a run of the tool said.</summary>
internal sealed record ToolResult(int Code, string Output, string Errors)
{
    public string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Gets the objects that --json wrote.</summary>
    public JsonElement[] Objects => [.. Lines.Select(line => JsonDocument.Parse(line).RootElement)];

    /// <summary>Checks that the user was told in one line what is wrong, and nothing else.</summary>
    public void IsMistake(string part)
    {
        Assert.Equal(1, Code);
        Assert.Contains(part, Assert.Single(Errors.TrimEnd().Split('\n')), StringComparison.OrdinalIgnoreCase);
    }

    public ToolResult Succeeds()
    {
        Assert.True(Code == 0, Errors);
        return this;
    }
}

/// <summary>Runs the tool inside this process, as if neither stream were a terminal.</summary>
internal static class Tool
{
    public static ToolResult Run(params string[] words) => Run(CancellationToken.None, words);

    public static ToolResult Run(CancellationToken interrupted, params string[] words)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var code = ToolRunner.Run(words, new Shell(output, errors, interrupted));
        return new(code, output.ToString(), errors.ToString());
    }
}
