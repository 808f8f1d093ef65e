namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>Tells mistakes of users from faults of ours, and puts them into one line.</summary>
internal static class Faults
{
    private const string NoMemory =
        "There is not enough memory; use a smaller model, a smaller batch or shorter segments.";

    /// <summary>Says in one line what a user can put right.</summary>
    /// <returns>The line, or null where the fault is ours.</returns>
    public static string? UserMessage(Exception fault) => fault switch
    {
        UserException or IOException or UnauthorizedAccessException or InvalidDataException => OneLine(fault.Message),
        ArgumentException argument => OneLine(WithoutParameter(argument)),
        OutOfMemoryException => NoMemory,
        _ when MemoryExhaustion.Explains(fault) => $"{NoMemory} ({OneLine(fault.Message)})",
        NotFiniteNumberException or NotSupportedException or DllNotFoundException => OneLine(fault.Message),
        // the library's own type for a state that the user can change; ObjectDisposedException is a fault of ours
        InvalidOperationException state when state.GetType() == typeof(InvalidOperationException) =>
            OneLine(state.Message),
        _ => null,
    };

    /// <summary>Joins the lines of a message, without stack traces.</summary>
    public static string OneLine(string message)
    {
        var lines = message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return string.Join(' ', lines.TakeWhile(line => !line.StartsWith("at ", StringComparison.Ordinal)));
    }

    // .NET appends the parameter's name and, on a line of its own, the value, which the library's messages hold already
    private static string WithoutParameter(ArgumentException fault)
    {
        var message = fault.Message;
        var end = message.IndexOf($" (Parameter '{fault.ParamName}')", StringComparison.Ordinal);
        return fault.ParamName is not null && end > 0 ? message[..end] : message;
    }
}
