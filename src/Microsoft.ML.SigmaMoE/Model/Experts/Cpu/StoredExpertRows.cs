namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Float32 weights as they are stored. A hidden neuron's two rows are contiguous: one dot product, and one addition
/// unless the activation gives 0; the second row of a dead neuron is not read.
/// </summary>
internal sealed unsafe class StoredExpertRows(
    float* up, float* down, float* bias, ExpertShape shape, ActivationRow activation) : IExpertRows
{
    // Of neurons: 64 rows of d_model 512 are 128 kB, which stay in the second-level cache for the next token.
    private const int Neurons = 64;

    public int Block => Neurons;

    public int WeightSize => sizeof(float);

    public void Add(int expert, int first, int count, float* token, float gate, float* output)
    {
        var start = (long)expert * shape.ExpertSize + first;
        var hidden = stackalloc float[Neurons];
        RowProducts.Dot(up + start * shape.ModelSize, count, shape.ModelSize, token, hidden);
        for (var neuron = 0; bias != null && neuron < count; neuron++)
        {
            hidden[neuron] += bias[start + neuron];
        }

        activation.Apply(hidden, count);
        var alive = stackalloc int[Neurons];
        var living = 0;
        for (var neuron = 0; neuron < count; neuron++)
        {
            var value = hidden[neuron];                     // behind the place it is written to
            (alive[living], hidden[living]) = (neuron, gate * value);
            living += value == 0 ? 0 : 1;                   // a number that is none must be seen in the result
        }

        RowProducts.AddSome(
            down + start * shape.ModelSize, new(alive, living), new(hidden, living), shape.ModelSize, output);
    }
}
