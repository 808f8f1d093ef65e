using Microsoft.ML.Data;

namespace Microsoft.ML.SigmaMoE;

/// <summary>One column that scoring adds: what it looks like, what it needs, and how its value is read.</summary>
/// <param name="Definition">The column's name, type and annotations.</param>
/// <param name="Parts">What of a row's score the column needs.</param>
/// <param name="MakeGetter">Makes the column's getter from a function that gives the current row's score.</param>
internal sealed record ScoreColumn(
    DataViewSchema.DetachedColumn Definition, ScoreParts Parts, Func<Func<RowScore>, Delegate> MakeGetter)
{
    /// <summary>Gets what an estimator promises of the column: made from it, so the two cannot differ.</summary>
    public SchemaShape.Column Shape
    {
        get
        {
            var annotations = Definition.Annotations.Schema.Select(column => ShapeOf(column.Name, column.Type, null));
            return ShapeOf(Definition.Name, Definition.Type, new SchemaShape(annotations));
        }
    }

    /// <summary>Makes a getter and checks that it is of the column's type.</summary>
    /// <exception cref="InvalidOperationException">The column is of another type.</exception>
    public ValueGetter<TValue> GetGetter<TValue>(Func<RowScore> current) =>
        MakeGetter(current) as ValueGetter<TValue> ?? throw new InvalidOperationException(
            $"The column '{Definition.Name}' is of type {Definition.Type}; a getter of {typeof(TValue)} does not fit.");

    public static ScoreColumn Number(string name, ScoreParts parts, Func<RowScore, double> value) =>
        Scalar(name, NumberDataViewType.Single, parts, score => (float)value(score));

    public static ScoreColumn Count(string name, Func<RowScore, int> value) =>
        Scalar(name, NumberDataViewType.Int32, ScoreParts.None, value);

    /// <summary>A vector with a name for each slot, or of varying size where there are no names.</summary>
    public static ScoreColumn Vector(
        string name, ScoreParts parts, Func<RowScore, float[]> value, string[]? slotNames = null)
    {
        var type = new VectorDataViewType(NumberDataViewType.Single, slotNames?.Length ?? 0);
        return new(new(name, type, slotNames is null ? null : SlotNames(slotNames)), parts, current =>
            (ValueGetter<VBuffer<float>>)((ref VBuffer<float> target) => Copy(value(current()), ref target)));
    }

    private static ScoreColumn Scalar<T>(string name, DataViewType type, ScoreParts parts, Func<RowScore, T> value) =>
        new(new(name, type), parts, current => (ValueGetter<T>)((ref T target) => target = value(current())));

    private static void Copy(float[] source, ref VBuffer<float> target)
    {
        var editor = VBufferEditor.Create(ref target, source.Length);
        source.CopyTo(editor.Values);
        target = editor.Commit();
    }

    private static DataViewSchema.Annotations SlotNames(string[] names)
    {
        var texts = names.Select(name => name.AsMemory()).ToArray();
        var annotations = new DataViewSchema.Annotations.Builder();
        annotations.AddSlotNames(texts.Length, (ref VBuffer<ReadOnlyMemory<char>> target) =>
            new VBuffer<ReadOnlyMemory<char>>(texts.Length, texts).CopyTo(ref target));
        return annotations.ToAnnotations();
    }

    private static SchemaShape.Column ShapeOf(string name, DataViewType type, SchemaShape? annotations)
    {
        SchemaShape.GetColumnTypeShape(type, out var kind, out var itemType, out var isKey);
        return new(name, kind, itemType, isKey, annotations);
    }
}
