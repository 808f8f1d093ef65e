using System.CommandLine;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>Model folder → safetensors file under the authors' names.</summary>
internal sealed class ExportCommand : Verb
{
    private readonly Argument<string> _model = new("model") { Description = "The model's folder." };
    private readonly Argument<string> _file = new("file") { Description = "The safetensors file to write." };

    public ExportCommand()
        : base(
            "export",
            "Write a model's weights as safetensors, under the names of the authors' code.",
            "sigmamoe export model model.safetensors")
    {
        Add(_model);
        Add(_file);
    }

    protected override void Run(ParseResult line, Shell shell)
    {
        var file = line.GetRequiredValue(_file);
        using var model = DeviceOptions.Load(line.GetRequiredValue(_model));
        model.Export(file);
        var bytes = new FileInfo(file).Length;
        shell.Show(new { File = file, Bytes = bytes }, screen => screen.Line($"{file}, {bytes / 1e6:F1} MB."));
    }
}
