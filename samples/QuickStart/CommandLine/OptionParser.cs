using System.Globalization;

namespace QuickStart;

/// <summary>Reads the command line.</summary>
internal sealed class OptionParser
{
    public const string Usage = """
        Trains a mixture-of-experts language model on English text, and shows what it is good for.

          --minutes M            time for the whole run (default 4)
          --quick                about 40 seconds; the models learn little
          --text FILE            your own text instead of the SDK's documentation: one document a line
          --tsv FILE             your own table: tab-separated, with a header, fields quoted where needed
            --text-column NAME   its column of text (several: Title,Body)
            --label-column NAME  its column of classes; without it nothing is classified
          --split type|member    what the SDK's test part keeps apart (default type)
          --output FOLDER        where model.zip goes (default: a folder in the temporary path)
          --export FOLDER        only write the parts there: train.txt, validation.txt, test.txt, a document a line
          --seed N               seed of everything random (default 1)
        """;

    private readonly Queue<string> _words;

    private OptionParser(IEnumerable<string> words) => _words = new(words);

    /// <exception cref="UserException">An option is unknown, incomplete, or does not go with another.</exception>
    public static QuickStartOptions Parse(IEnumerable<string> words)
    {
        var options = new OptionParser(words).ReadAll();
        OptionRules.Check(options);
        return options;
    }

    private QuickStartOptions ReadAll()
    {
        var options = new QuickStartOptions();
        while (_words.TryDequeue(out var word))
        {
            options = Read(word, options);
        }

        return options;
    }

    private QuickStartOptions Read(string option, QuickStartOptions options) => option switch
    {
        "--minutes" => options with { Minutes = Number<double>(option) },
        "--quick" => options with { Quick = true },
        "--text" => options with { TextFile = Value(option) },
        "--tsv" => options with { TableFile = Value(option) },
        "--text-column" => options with { TextColumns = Value(option).Split(',', StringSplitOptions.TrimEntries) },
        "--label-column" => options with { LabelColumn = Value(option) },
        "--split" => options with { Split = Split(option) },
        "--output" => options with { OutputFolder = Value(option) },
        "--export" => options with { ExportFolder = Value(option) },
        "--seed" => options with { Seed = Number<int>(option) },
        "--help" or "-h" => options with { Help = true },
        _ => throw new UserException($"{option} is not an option of this program; --help lists them."),
    };

    private string Value(string option) => _words.TryDequeue(out var value) && !value.StartsWith("--", StringComparison.Ordinal)
        ? value
        : throw new UserException($"{option} needs a value after it.");

    private T Number<T>(string option)
        where T : IParsable<T>
    {
        var value = Value(option);
        return T.TryParse(value, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new UserException($"{option} needs a number, not {value}.");
    }

    private SplitKind Split(string option) => Value(option) switch
    {
        "type" => SplitKind.Type,
        "member" => SplitKind.Member,
        var other => throw new UserException($"{option} is type or member, not {other}."),
    };
}
