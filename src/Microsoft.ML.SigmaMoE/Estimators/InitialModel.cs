namespace Microsoft.ML.SigmaMoE;

/// <summary>Whether a model can be what an estimator's options ask for, once it is trained further.</summary>
internal static class InitialModel
{
    private static readonly LanguageModelOptions Defaults = new();

    /// <summary>Refuses a model of another shape, and of another tokenizer or precision than chosen.</summary>
    /// <exception cref="ArgumentException">The model is another.</exception>
    public static void Check(LanguageModelOptions options, LanguageModelOptions initial)
    {
        var differences = JsonDifferences.Between(Kept(options, initial), Kept(initial, initial))
            .Select(difference => $"{difference.Path} is {difference.One}, the model's {difference.Other}")
            .ToArray();
        if (differences.Length > 0)
        {
            throw new ArgumentException(
                "The initial model is not of the estimator's options: " + string.Join("; ", differences)
                + ". A model keeps its shape, tokenizer and precision; create the estimator with the options "
                + "model.Options with { Training = … }.",
                nameof(initial));
        }
    }

    // A tokenizer and a precision that are left at their defaults ask for nothing.
    private static object Kept(LanguageModelOptions options, LanguageModelOptions initial) => new
    {
        options.Model,
        options.FeedForward,
        Tokenizer = JsonDifferences.Between(options.Tokenizer, Defaults.Tokenizer).Any()
            ? options.Tokenizer
            : initial.Tokenizer,
        Precision = options.Precision == Defaults.Precision ? initial.Precision : options.Precision,
    };
}
