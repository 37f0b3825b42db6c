using System.CommandLine;
using Interlock.Local.Commands;

var root = new RootCommand("Interlock: workflows over agents and MCP tools, behind gates that hold.")
{
    DemoCommand.Create(),
    ServeCommand.Create(),
    CheckCommand.Create(),
    RunCommand.Create(),
    TokenCommand.Create(),
    AuditCommand.Create(),
};
return await root.Parse(args).InvokeAsync();
