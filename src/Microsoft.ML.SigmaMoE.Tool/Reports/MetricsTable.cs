using System.Globalization;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>A metrics.csv that was read: numbers by column name, NaN where a cell is empty.</summary>
internal sealed class MetricsTable
{
    private MetricsTable(string[] columns, IReadOnlyList<Row> rows) => (Columns, Rows) = (columns, rows);

    public IReadOnlyList<string> Columns { get; }

    public IReadOnlyList<Row> Rows { get; }

    /// <exception cref="UserException">The file is missing, or is no table of numbers.</exception>
    public static MetricsTable Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new UserException($"{path} does not exist; sigmamoe train writes it.");
        }

        var lines = File.ReadAllLines(path);
        var columns = lines.FirstOrDefault("").Split(',');
        if (!columns.Contains("step"))
        {
            throw new UserException($"{path} has no column step; it is not the metrics.csv of a training.");
        }

        return new(columns, [.. lines.Skip(1).Select((line, index) => Parse(line, columns, path, index + 2))]);
    }

    private static Row Parse(string line, string[] columns, string path, int number)
    {
        var cells = line.Split(',');
        var values = new double[columns.Length];
        for (var i = 0; i < columns.Length; i++)
        {
            if (cells.Length != columns.Length || !TryParse(cells[i], out values[i]))
            {
                throw new UserException($"Line {number} of {path} is no row of {columns.Length} numbers: '{line}'.");
            }
        }

        return new(line, columns, values);
    }

    private static bool TryParse(string cell, out double value)
    {
        value = double.NaN;
        return cell.Length == 0 || double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>One row.</summary>
    internal sealed class Row(string text, string[] columns, double[] values)
    {
        /// <summary>
        /// Writes the row's cells of these columns; one that the table does not have, as those of earlier versions, is
        /// empty.
        /// </summary>
        public string TextOf(IReadOnlyList<string> wanted)
        {
            var cells = text.Split(',');
            return string.Join(
                ',', wanted.Select(column => Array.IndexOf(columns, column) is >= 0 and var index ? cells[index] : ""));
        }

        /// <summary>Gets a number; NaN where the cell is empty or the column is missing.</summary>
        public double this[string column] =>
            Array.IndexOf(columns, column) is >= 0 and var index ? values[index] : double.NaN;
    }
}
