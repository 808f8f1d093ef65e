namespace QuickStart;

/// <summary>From the words of the command line to an exit code: 0 for success, 1 for something the user can put right.</summary>
internal static class CommandRunner
{
    public static int Run(IReadOnlyList<string> words, Screen screen, TextWriter errors)
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
                new Story(options, screen).Tell();
            }

            return 0;
        }
        catch (UserException exception)
        {
            errors.WriteLine(exception.Message);
            return 1;
        }
    }
}
