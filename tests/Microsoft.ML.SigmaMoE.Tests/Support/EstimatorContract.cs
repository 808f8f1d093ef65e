using Microsoft.ML.Data;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// What ML.NET asks of every estimator (its own unpublished contract test, written anew): what is promised of the
/// schema is what comes, in both directions; wrong inputs are refused everywhere alike; a saved transformer loads as
/// itself.
/// </summary>
internal sealed class EstimatorContract(MLContext context)
{
    /// <summary>Checks the contract.</summary>
    /// <param name="estimator">The estimator.</param>
    /// <param name="valid">Data that it fits and transforms.</param>
    /// <param name="invalid">Data that nothing may accept.</param>
    public void Check(IEstimator<ITransformer> estimator, IDataView valid, params IDataView[] invalid)
    {
        var promised = estimator.GetOutputSchema(SchemaShape.Create(valid.Schema));
        var transformer = estimator.Fit(valid);
        CheckPromise(promised, SchemaShape.Create(transformer.GetOutputSchema(valid.Schema)));
        var loaded = SaveAndLoad(transformer, valid.Schema);
        CheckTransformers(transformer, loaded, valid);
        foreach (var wrong in invalid)
        {
            CheckRefused(() => estimator.GetOutputSchema(SchemaShape.Create(wrong.Schema)));
            CheckRefused(() => estimator.Fit(wrong));
            CheckRefused(transformer, wrong);
            CheckRefused(loaded, wrong);
        }

        (loaded as IDisposable)?.Dispose();
        (transformer as IDisposable)?.Dispose();
    }

    private static void CheckPromise(SchemaShape promised, SchemaShape delivered)
    {
        Assert.Equal(promised.Select(column => column.Name).Order(), delivered.Select(column => column.Name).Order());
        foreach (var promise in promised)
        {
            Assert.True(delivered.TryFindColumn(promise.Name, out var column));
            Assert.True(
                column.IsCompatibleWith(promise), $"'{promise.Name}' differs, or has annotations nobody promised.");
            Assert.True(promise.IsCompatibleWith(column), $"'{promise.Name}' lacks annotations that were promised.");
        }
    }

    private void CheckTransformers(ITransformer transformer, ITransformer loaded, IDataView data)
    {
        var schema = transformer.GetOutputSchema(data.Schema);
        Assert.True(transformer.IsRowToRowMapper);
        var mapper = transformer.GetRowToRowMapper(data.Schema);
        Assert.Same(data.Schema, mapper.InputSchema);
        CheckSame(schema, mapper.OutputSchema);
        CheckSame(schema, loaded.GetOutputSchema(data.Schema));
        var (view, loadedView) = (transformer.Transform(data), loaded.Transform(data));
        CheckSame(schema, view.Schema);
        CheckSame(schema, loadedView.Schema);
        Assert.Equal(Rows(view), Rows(loadedView));
    }

    private static void CheckRefused(ITransformer transformer, IDataView wrong)
    {
        CheckRefused(() => transformer.GetOutputSchema(wrong.Schema));
        CheckRefused(() => transformer.Transform(wrong));
        CheckRefused(() => transformer.GetRowToRowMapper(wrong.Schema));
    }

    // The exceptions that ML.NET itself throws for a schema that does not fit.
    private static void CheckRefused(Func<object> action)
    {
        var fault = Record.Exception(action);
        Assert.True(fault is ArgumentOutOfRangeException or InvalidOperationException, $"No refusal, but {fault}");
    }

    private static void CheckSame(DataViewSchema expected, DataViewSchema actual) =>
        Assert.Equal(expected.Select(Describe), actual.Select(Describe));

    private static string Describe(DataViewSchema.Column column) =>
        $"{column.Name}: {column.Type}{(column.IsHidden ? " hidden" : "")}, "
        + string.Join(", ", column.Annotations.Schema.Select(kind => $"{kind.Name}: {Value(column, kind)}"));

    private static string Value(DataViewSchema.Column column, DataViewSchema.Column annotation)
    {
        if (annotation.Type.RawType != typeof(VBuffer<ReadOnlyMemory<char>>))
        {
            return annotation.Type.ToString()!;
        }

        VBuffer<ReadOnlyMemory<char>> texts = default;
        column.Annotations.GetValue(annotation.Name, ref texts);
        return $"{annotation.Type} [{string.Join('|', texts.DenseValues())}]";
    }

    private static List<string> Rows(IDataView view) =>
        [.. view.Preview(int.MaxValue).RowView.Select(row => string.Join("; ", row.Values.Select(Text)))];

    private static string Text(KeyValuePair<string, object> value) => value.Value is VBuffer<float> numbers
        ? $"{value.Key}={string.Join('|', numbers.DenseValues())}"
        : $"{value.Key}={value.Value}";

    private ITransformer SaveAndLoad(ITransformer transformer, DataViewSchema schema)
    {
        using var archive = new MemoryStream();
        context.Model.Save(transformer, schema, archive);
        var loaded = context.Model.Load(archive, out var loadedSchema);
        CheckSame(schema, loadedSchema);
        return loaded;
    }
}
