using Microsoft.ML.Data;

namespace Microsoft.ML.SigmaMoE;

/// <summary>The input column that holds the text, and the one place that says what is wrong with it.</summary>
/// <param name="Name">The column's name.</param>
internal sealed record TextColumn(string Name)
{
    private const string Wanted = "a single text (TextDataViewType)";

    /// <summary>Finds the column in the schema of actual data.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing or of another type.</exception>
    public DataViewSchema.Column FindIn(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        if (inputSchema.GetColumnOrNull(Name) is not { } column)
        {
            throw Missing(inputSchema.Where(other => !other.IsHidden).Select(other => other.Name));
        }

        return column.Type is TextDataViewType ? column : throw WrongType($"{column.Type}");
    }

    /// <summary>Checks what an estimator is promised.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing or of another type.</exception>
    public void CheckIn(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        if (!inputSchema.TryFindColumn(Name, out var column))
        {
            throw Missing(inputSchema.Select(other => other.Name));
        }

        var isScalar = column.Kind == SchemaShape.Column.VectorKind.Scalar && !column.IsKey;
        if (!isScalar || column.ItemType is not TextDataViewType)
        {
            throw WrongType(column.GetTypeString());
        }
    }

    // ML.NET's own components throw this type for a schema that does not fit.
    private ArgumentOutOfRangeException Missing(IEnumerable<string> present) => new(
        "inputSchema",
        $"There is no input column '{Name}'. The input has the columns {string.Join(", ", present)}; "
        + $"name one that is {Wanted}.");

    private ArgumentOutOfRangeException WrongType(string found) => new(
        "inputSchema", $"The input column '{Name}' is of type {found}; it must be {Wanted}.");
}
