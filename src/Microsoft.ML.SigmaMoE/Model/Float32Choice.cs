using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// How libtorch multiplies float32 is one setting of the process, for the processor and GPUs together. It is chosen by
/// what living networks wish, unless somebody else has chosen, and put back with the last of them.
/// </summary>
internal sealed class Float32Choice : IDisposable
{
    private const string Usual = "highest";
    private const string Fast = "medium";
    private const string Rounded = "allow_tf32";
    private static readonly Lock Gate = new();
    private static readonly int[] Counts = new int[Enum.GetValues<Float32Wish>().Length];
    private static readonly Dictionary<string, string> Settings = new()
    {
        [Fast] = "float32_matmul_precision=medium",
        [Rounded] = "torch.backends.cuda.matmul.allow_tf32=true",
    };

    private static string _current = Usual;
    private readonly Float32Wish _wish;
    private bool _isHeld = true;

    private Float32Choice(Float32Wish wish) => _wish = wish;

    /// <summary>Wishes something until the result is disposed.</summary>
    public static Float32Choice Hold(Float32Wish wish)
    {
        lock (Gate)
        {
            Counts[(int)wish]++;
            Choose();
        }

        return new(wish);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (Gate)
        {
            if (_isHeld)
            {
                _isHeld = false;
                Counts[(int)_wish]--;
                Choose();
            }
        }
    }

    // What is there and was not set here is somebody's choice.
    private static void Choose()
    {
        if (!ProcessSettings.AreAllowed || !IsStill(_current))
        {
            Report(Usual);
            _current = Usual;
            return;
        }

        var wanted = Wanted();
        if (wanted != _current)
        {
            Set(Usual);                                     // which resets what each choice sets besides
            Set(wanted);
            Report(wanted);
            _current = wanted;
        }
    }

    private static string Wanted() =>
        Has(Float32Wish.ExactOnGpu) ? Usual
        : Has(Float32Wish.FastOnProcessor) && IsFaster() ? Fast
        : Has(Float32Wish.RoundedOnGpu) ? Rounded
        : Usual;

    // The first time one product is measured, which needs the usual setting around it.
    private static bool IsFaster()
    {
        if (!Float32Speed.IsWorthIt.IsValueCreated)
        {
            Set(Usual);
            Report(Usual);
            _current = Usual;
        }

        return Float32Speed.IsWorthIt.Value;
    }

    private static bool Has(Float32Wish wish) => Counts[(int)wish] > 0;

    private static bool IsStill(string choice) => choice == Rounded
        ? backends.cuda.matmul.allow_tf32
        : Float32Multiplication.IsAdjustable ? Float32Multiplication.Word == choice : !backends.cuda.matmul.allow_tf32;

    private static void Set(string choice)
    {
        if (choice == Rounded)
        {
            backends.cuda.matmul.allow_tf32 = true;
        }
        else if (Float32Multiplication.IsAdjustable)
        {
            Float32Multiplication.Word = choice;
        }
        else
        {
            backends.cuda.matmul.allow_tf32 = false;
        }
    }

    private static void Report(string choice)
    {
        if (_current != choice && Settings.TryGetValue(_current, out var gone))
        {
            ProcessSettings.Report(gone, isChanged: false);
        }

        if (_current != choice && Settings.TryGetValue(choice, out var come))
        {
            ProcessSettings.Report(come, isChanged: true);
        }
    }
}
