namespace QuickStart;

/// <summary>From the words of the command line to an exit code: 0 for success, 1 for something the user can put right.</summary>
internal static class CommandRunner
{
    public static int Run(
        IReadOnlyList<string> words, Screen screen, TextWriter errors, Action<QuickStartOptions, Screen> tell)
    {
        try
        {
            var options = OptionParser.Parse(words);
            if (options.Help)
            {
                screen.Line(OptionParser.Usage);
            }
            else
            {
                tell(options, screen);
            }

            return 0;
        }
        catch (Exception exception) when (exception is UserException or IOException or UnauthorizedAccessException)
        {
            errors.WriteLine(exception.Message);
            return 1;
        }
    }
}
