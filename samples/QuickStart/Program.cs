using QuickStart;

return CommandRunner.Run(args, Screen.OfProcess(), Console.Error);
