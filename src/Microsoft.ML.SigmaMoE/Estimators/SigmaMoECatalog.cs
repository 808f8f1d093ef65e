using Microsoft.ML.Data;
using Microsoft.ML.SigmaMoE;

namespace Microsoft.ML;

/// <summary>Adds language models to the catalogs of an <see cref="MLContext"/>.</summary>
public static class SigmaMoECatalog
{
    extension(MLContext context)
    {
        /// <summary>Gets the operations on language models that are no pipeline steps.</summary>
        public LanguageModelingCatalog LanguageModeling => new(context);
    }

    /// <summary>
    /// Creates a <see cref="LanguageModelEstimator"/> that trains a language model on text; what it is fitted to scores
    /// text and turns it into features.
    /// </summary>
    /// <param name="catalog">The text catalog.</param>
    /// <param name="inputColumnName">The text.</param>
    /// <param name="options">
    /// The model's shape, tokenizer, training and columns; null takes defaults that a laptop can train.
    /// </param>
    /// <exception cref="ArgumentException">An option is out of range, or two contradict each other.</exception>
    public static LanguageModelEstimator SigmaMoELanguageModel(
        this TransformsCatalog.TextTransforms catalog,
        string inputColumnName = "Text",
        LanguageModelOptions? options = null) =>
        new(CatalogUtils.GetEnvironment(catalog), inputColumnName, options ?? new());

    /// <summary>
    /// Creates a <see cref="LanguageModelScoringEstimator"/> that turns text into the pooled hidden states of a
    /// language model: features for any trainer of ML.NET.
    /// </summary>
    /// <param name="catalog">The text catalog.</param>
    /// <param name="outputColumnName">The name of the feature vector.</param>
    /// <param name="inputColumnName">The text; null takes <paramref name="outputColumnName"/>.</param>
    /// <param name="model">A trained model. It may be disposed as soon as the estimator was fitted.</param>
    /// <param name="pooling">How the vectors of a row's tokens become one.</param>
    public static LanguageModelScoringEstimator FeaturizeTextWithLanguageModel(
        this TransformsCatalog.TextTransforms catalog,
        string outputColumnName,
        string? inputColumnName,
        LanguageModel model,
        PoolingKind pooling = PoolingKind.Mean) =>
        catalog.FeaturizeTextWithLanguageModel(
            outputColumnName, inputColumnName, model, new FeatureOptions { Pooling = pooling });

    /// <summary>
    /// Creates a <see cref="LanguageModelScoringEstimator"/> that turns text into hidden states of a language model: of
    /// any layer, pooled and scaled as the options say.
    /// </summary>
    /// <param name="catalog">The text catalog.</param>
    /// <param name="outputColumnName">The name of the feature vector.</param>
    /// <param name="inputColumnName">The text; null takes <paramref name="outputColumnName"/>.</param>
    /// <param name="model">A trained model. It may be disposed as soon as the estimator was fitted.</param>
    /// <param name="features">Pooling, layer and length of the vectors.</param>
    public static LanguageModelScoringEstimator FeaturizeTextWithLanguageModel(
        this TransformsCatalog.TextTransforms catalog,
        string outputColumnName,
        string? inputColumnName,
        LanguageModel model,
        FeatureOptions features)
    {
        ArgumentNullException.ThrowIfNull(outputColumnName);
        ArgumentNullException.ThrowIfNull(features);
        var columns = OutputColumns.None with { Features = outputColumnName };
        return new(CatalogUtils.GetEnvironment(catalog), inputColumnName ?? outputColumnName, model, columns, features);
    }

    /// <summary>
    /// Creates a <see cref="LanguageModelScoringEstimator"/> that says how likely text is under a language model:
    /// log-likelihood, perplexity, bits per byte.
    /// </summary>
    /// <param name="catalog">The text catalog.</param>
    /// <param name="inputColumnName">The text.</param>
    /// <param name="model">A trained model. It may be disposed as soon as the estimator was fitted.</param>
    /// <param name="columns">Which columns to add; null takes the defaults without the features.</param>
    public static LanguageModelScoringEstimator ScoreTextWithLanguageModel(
        this TransformsCatalog.TextTransforms catalog,
        string inputColumnName,
        LanguageModel model,
        OutputColumns? columns = null)
    {
        columns ??= new() { Features = null };
        return new(CatalogUtils.GetEnvironment(catalog), inputColumnName, model, columns, features: null);
    }
}
