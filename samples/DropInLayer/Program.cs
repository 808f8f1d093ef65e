// The σ-MoE block inside a small recurrent network that is not this library's: it learns to count.
using DropInLayer;
using Microsoft.ML.SigmaMoE;
using TorchSharp;
using static TorchSharp.torch;

TorchRuntime.EnsureLoadable();
random.manual_seed(1);
using var model = new Counter(hidden: 32);
using var optimizer = optim.Adam(model.parameters(), 0.01);

for (var step = 1; step <= 200; step++)
{
    using var scope = NewDisposeScope();
    var digits = randint(0, 2, [64, 16], dtype: ScalarType.Int64);               // [batch, time]
    var counts = digits.cumsum(1).remainder(4);                                  // ones so far, modulo 4
    var logits = model.call(digits.to(ScalarType.Float32).unsqueeze(-1));        // [batch, time, 4]
    var loss = nn.functional.cross_entropy(logits.view(-1, 4), counts.view(-1));
    optimizer.zero_grad();
    (loss + model.Mixture.TakeBalancingLoss()).backward();
    optimizer.step();
    if (step % 50 == 0)
    {
        var right = logits.argmax(-1).eq(counts).to(ScalarType.Float32).mean().item<float>();
        Console.WriteLine($"step {step}: loss {loss.item<float>():F3}, {right:P0} right");
    }
}
