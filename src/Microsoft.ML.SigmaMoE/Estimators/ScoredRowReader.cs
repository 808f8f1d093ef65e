using System.Text;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Adds up the columns of a scored view.</summary>
internal static class ScoredRowReader
{
    /// <summary>Reads every row once.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another type.</exception>
    public static LanguageModelMetrics Sum(
        IHost host, IDataView scored, TextColumn text, string logLikelihood, string tokenCount)
    {
        var textColumn = text.FindIn(scored.Schema);
        var likelihoodColumn = Find(scored.Schema, logLikelihood, NumberDataViewType.Single);
        var countColumn = Find(scored.Schema, tokenCount, NumberDataViewType.Int32);
        using var cursor = scored.GetRowCursor([textColumn, likelihoodColumn, countColumn]);
        var getText = cursor.GetGetter<ReadOnlyMemory<char>>(textColumn);
        var getLikelihood = cursor.GetGetter<float>(likelihoodColumn);
        var getCount = cursor.GetGetter<int>(countColumn);
        var (rows, tokens, bytes, likelihood) = (0L, 0L, 0L, 0.0);
        var (rowText, rowLikelihood, rowTokens) = (default(ReadOnlyMemory<char>), 0f, 0);
        for (; cursor.MoveNext(); rows++)
        {
            host.CheckAlive();
            getText(ref rowText);
            getLikelihood(ref rowLikelihood);
            getCount(ref rowTokens);
            bytes += Encoding.UTF8.GetByteCount(rowText.Span);
            likelihood += rowLikelihood;
            tokens += rowTokens;
        }

        return new() { RowCount = rows, TokenCount = tokens, ByteCount = bytes, LogLikelihood = likelihood };
    }

    private static DataViewSchema.Column Find(DataViewSchema schema, string name, DataViewType type) =>
        schema.GetColumnOrNull(name) is { } column && column.Type.Equals(type)
            ? column
            : throw new ArgumentOutOfRangeException(
                nameof(name),
                name,
                $"There is no column '{name}' of type {type} to evaluate. Score the text with a language model first, "
                + "keep that column on (OutputColumns), and say its name if it is not the default.");
}
