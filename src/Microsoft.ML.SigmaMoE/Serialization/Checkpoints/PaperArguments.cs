using System.Globalization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The command-line arguments that the paper's code keeps with its weights. Numbers may be kept as texts.
/// </summary>
internal sealed class PaperArguments(ICheckpoint checkpoint)
{
    private const int SegmentLength = 256;

    /// <summary>Gets whether the checkpoint keeps any.</summary>
    public bool Any => checkpoint.Arguments.Count > 0;

    /// <summary>Gets the shape of the Transformer: sizes from the tensors, the rest from the arguments.</summary>
    public ModelOptions Model(PaperShapes shapes)
    {
        var segment = Int("lm.unroll") ?? SegmentLength;
        var memory = Int("lm.trafo.context_blocks") ?? 1;
        return new()
        {
            ModelSize = shapes.ModelSize,
            LayerCount = shapes.LayerCount,
            HeadCount = shapes.HeadCount,
            HeadSize = shapes.HeadSize,
            SegmentLength = segment,
            MemoryLength = Product(segment, memory),
            EvaluationMemoryLength = Int("lm.trafo.test_context_blocks") is { } blocks
                ? Product(segment, blocks)
                : null,
            SameLengthEvaluation = Int("lm.trafo.same_length_eval") is > 0,
            Dropout = Double("dropout") ?? 0,
        };
    }

    /// <summary>Gets a whole number, or null where the argument is missing or none.</summary>
    public int? Int(string name) => Double(name) is { } value
        ? value == Math.Floor(value) && Math.Abs(value) <= int.MaxValue ? (int)value : throw Wrong(name)
        : null;

    /// <summary>Gets a number, or null where the argument is missing or none.</summary>
    public double? Double(string name) => checkpoint.Arguments.GetValueOrDefault(name) switch
    {
        null => null,
        bool flag => flag ? 1 : 0,
        long number => number,
        double number => number,
        string text when text.Length == 0 || text.Equals("none", StringComparison.OrdinalIgnoreCase) => null,
        string text => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number
            : bool.TryParse(text, out var flag) ? flag ? 1 : 0
            : throw Wrong(name),
        _ => throw Wrong(name),
    };

    /// <summary>Gets a text, or null where the argument is missing.</summary>
    public string? Text(string name) => checkpoint.Arguments.GetValueOrDefault(name) switch
    {
        null => null,
        string text => text,
        _ => throw Wrong(name),
    };

    /// <summary>Gets a text that must be one of a few; the first where the argument is missing.</summary>
    /// <exception cref="NotSupportedException">It is another.</exception>
    public string RequireOneOf(string name, params string[] known) => Text(name) is not { } value ? known[0]
        : known.Contains(value) ? value
        : throw new NotSupportedException(
            $"'{checkpoint.Path}' was trained with {name} = {value}; this library recognises {string.Join(", ", known)} by itself. If it "
            + "has that, give the block's options in ImportOptions.FeedForward.");

    /// <summary>Makes the complaint that an argument is missing.</summary>
    public InvalidDataException Missing(string name) => new(
        $"'{checkpoint.Path}' keeps its arguments but not '{name}', which shapes do not tell; give the block's options in ImportOptions.FeedForward.");

    private int Product(int segment, int blocks) =>
        (long)segment * blocks is var product && product is >= 0 and <= int.MaxValue
        ? (int)product
        : throw Wrong("lm.unroll");

    private InvalidDataException Wrong(string name) =>
        new($"'{checkpoint.Path}' keeps the argument '{name}' with the value '{checkpoint.Arguments[name]}', which it cannot have.");
}
