namespace Microsoft.ML.SigmaMoE;

/// <summary>Runs pieces of work on a given number of threads. Which thread runs which piece does not matter to results.</summary>
internal static class CpuWork
{
    /// <summary>Runs <paramref name="body"/> for 0 … count − 1.</summary>
    public static void Run(int threads, int count, Action<int> body)
    {
        if (threads == 1 || count == 1)
        {
            for (var piece = 0; piece < count; piece++)
            {
                body(piece);
            }
        }
        else
        {
            Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = threads }, body);
        }
    }
}
