using System.Text;
using Microsoft.ML.SigmaMoE.Tool;

if (OperatingSystem.IsWindows())
{
    // its consoles write other alphabets, and models any text
    Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
}

using var interruption = new Interruption();
return ToolRunner.Run(args, Shell.OfProcess(interruption.Token));
