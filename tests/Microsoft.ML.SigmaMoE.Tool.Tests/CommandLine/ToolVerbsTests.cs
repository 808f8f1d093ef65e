using System.CommandLine;
using System.CommandLine.Help;

namespace Microsoft.ML.SigmaMoE.Tool.Tests;

public sealed class ToolVerbsTests
{
    private static readonly Dictionary<string, string> Options = new()
    {
        ["train"] = "text --column --whole-files --output --recipe --tokenizer --from --validation --steps --minutes --seed --resume --gpu --fallback-to-cpu",
        ["eval"] = "model text --column --whole-files --gpu --fallback-to-cpu",
        ["score"] = "model text --column --whole-files --ids --output --gpu --fallback-to-cpu",
        ["featurize"] =
            "model text --column --whole-files --pooling --layer --normalize --output --gpu --fallback-to-cpu",
        ["generate"] = "model --prompt --max-tokens --temperature --top-k --top-p --min-p --repetition-penalty --stop --seed --gpu --fallback-to-cpu",
        ["tokenizer train"] = "text --column --whole-files --output --vocabulary --min-frequency --keep-digits",
        ["compare"] = "text --column --whole-files --output --recipe --systems --seeds --steps --minutes --test",
        ["import"] = "checkpoint --output --tokenizer --active-experts --recipe --assume --gpu --fallback-to-cpu",
        ["export"] = "model file",
        ["report"] = "runs --output --metric",
        ["info"] = "",
        ["bench"] = "what --d-model --experts --expert-size --active-experts --tokens --repetitions --grow",
    };

    [Fact]
    public void Verbs_AndTheirOptions_AreThese() => Assert.Equal(
        Options.OrderBy(pair => pair.Key, StringComparer.Ordinal),
        Verbs().Select(pair => KeyValuePair.Create(pair.Name, Words(pair.Verb))).OrderBy(pair => pair.Key, StringComparer.Ordinal));

    [Fact]
    public void EveryVerb_Option_AndArgument_IsDescribed() => Assert.All(Verbs(), pair =>
    {
        Assert.NotEmpty(pair.Verb.Description!);
        Assert.All(pair.Verb.Options, option => Assert.NotEmpty(option.Description ?? ""));
        Assert.All(pair.Verb.Arguments, argument => Assert.NotEmpty(argument.Description ?? ""));
    });

    [Fact]
    public void EveryVerb_Help_ShowsAnExampleThatItUnderstands() => Assert.All(Verbs(), pair =>
    {
        var help = Tool.Run([.. pair.Name.Split(' '), "--help"]).Succeeds();
        Assert.Contains(pair.Verb.Example, help.Output, StringComparison.Ordinal);
        Assert.StartsWith($"sigmamoe {pair.Name}", pair.Verb.Example, StringComparison.Ordinal);
        Assert.Empty(ToolVerbs.Create().Parse(pair.Verb.Example["sigmamoe ".Length..]).Errors);
    });

    [Fact]
    public void Json_IsAnOptionOfEveryVerb() => Assert.All(
        Verbs(), pair => Assert.Contains("--json", Tool.Run([.. pair.Name.Split(' '), "--help"]).Output, StringComparison.Ordinal));

    private static IEnumerable<(string Name, Verb Verb)> Verbs() => Verbs(ToolVerbs.Create(), "");

    private static IEnumerable<(string Name, Verb Verb)> Verbs(System.CommandLine.Command command, string before) =>
        command.Subcommands
            .Where(verb => !verb.Hidden)
            .SelectMany(verb => verb is Verb own ? [($"{before}{verb.Name}", own)] : Verbs(verb, $"{before}{verb.Name} "));

    private static string Words(Verb verb) => string.Join(' ', verb.Arguments.Select(argument => argument.Name)
        .Concat(verb.Options.Where(option => option is not HelpOption).Select(option => option.Name)));
}
