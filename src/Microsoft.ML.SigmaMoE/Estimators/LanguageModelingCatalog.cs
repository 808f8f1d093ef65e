using Microsoft.ML.Runtime;
using Microsoft.ML.SigmaMoE;

namespace Microsoft.ML;

/// <summary>What can be done with language models beside pipeline steps: <c>mlContext.LanguageModeling</c>.</summary>
public sealed class LanguageModelingCatalog
{
    private readonly MLContext _context;

    internal LanguageModelingCatalog(MLContext context) => _context = context;

    /// <summary>Measures how well a language model predicts text, from the columns that scoring added.</summary>
    /// <param name="scored">The data after a language model's transformer.</param>
    /// <param name="textColumnName">The text that was scored; its bytes are counted.</param>
    /// <param name="logLikelihoodColumnName">The column of <see cref="OutputColumns.LogLikelihood"/>.</param>
    /// <param name="tokenCountColumnName">The column of <see cref="OutputColumns.TokenCount"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another type.</exception>
    public LanguageModelMetrics Evaluate(
        IDataView scored,
        string textColumnName = "Text",
        string logLikelihoodColumnName = "LogLikelihood",
        string tokenCountColumnName = "TokenCount")
    {
        ArgumentNullException.ThrowIfNull(scored);
        var host = ((IHostEnvironment)_context).Register(nameof(LanguageModelingCatalog));
        return ScoredRowReader.Sum(host, scored, new(textColumnName), logLikelihoodColumnName, tokenCountColumnName);
    }

    /// <summary>Loads a language model from its folder, to the context's GPU if it has one.</summary>
    /// <param name="path">The folder that <see cref="LanguageModel.Save(string)"/> wrote.</param>
    /// <returns>A model that the caller disposes.</returns>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or does not belong to the others.</exception>
    public LanguageModel Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return LanguageModel.Load(path, _context.GpuDeviceId, _context.FallbackToCpu);
    }
}
