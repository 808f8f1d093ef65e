using Microsoft.ML.SigmaMoE.Tool;

using var interruption = new Interruption();
return ToolRunner.Run(args, Shell.OfProcess(interruption.Token));
