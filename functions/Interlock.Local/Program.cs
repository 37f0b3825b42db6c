using System.CommandLine;
using System.CommandLine.Invocation;
using Interlock.Local.Commands;
using Interlock.Local.Storage;

var root = new RootCommand("Interlock: workflows over agents and MCP tools, behind gates that hold.")
{
    DemoCommand.Create(),
    ServeCommand.Create(),
    ServerCommand.Create(),
    AgentCommand.Create(),
    CheckCommand.Create(),
    JqCommand.Create(),
    RunCommand.Create(),
    SecretCommand.Create(),
    TokenCommand.Create(),
    UserCommand.Create(),
    AuditCommand.Create(),
    RestoredCommand.Create(),
    BenchCommand.Create(),
};
try
{
    var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
    var exit = await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    return parsed.Action is ParseErrorAction ? Output.Usage : exit;
}
catch (Exception e) when (e is DataDirectoryInUseException or DataDirectoryVersionException or DatabaseException or InvalidDataException or IOException)
{
    await Console.Error.WriteLineAsync(Output.Plain(e.Message));
    return Output.Failed;
}
catch (OperationCanceledException)
{
    return Output.Failed;
}
