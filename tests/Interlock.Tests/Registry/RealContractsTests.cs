using System.Diagnostics;
using System.Text;
using Interlock.Core.Gateway;
using Interlock.Core.Registry;
using Interlock.Core.Registry.Contracts;
using Interlock.Json;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Registry;

/// <summary>What published servers say of their tools is honest, and stays out of quarantine.</summary>
public sealed class RealContractsTests
{
    private const int Initialize = 1;
    private const int List = 2;

    [Theory]
    [InlineData("@modelcontextprotocol/server-everything/dist/index.js", "stdio", 5)]
    [InlineData("@modelcontextprotocol/server-filesystem/dist/index.js", ".", 5)]
    [InlineData("@modelcontextprotocol/server-memory/dist/index.js", "", 5)]
    [InlineData("@modelcontextprotocol/server-sequential-thinking/dist/index.js", "", 1)]
    public async Task Scan_PublishedServers_FindsNothing(string script, string arguments, int atLeast)
    {
        var folder = Tools.Folder("servers");
        var (tools, instructions) = await ListAsync(folder, Path.Combine(folder, "node_modules", script), arguments);
        Assert.InRange(tools.Count, atLeast, 1000);
        var foreign = ForeignTools.Of(new RegistrySnapshot(World.Tenant, 1, [World.Tool("crm/read")]), "erp");
        foreach (var tool in tools) Assert.Empty(ContractScan.Run(ToolContract.Read(tool, instructions)!, instructions, foreign)); // the protocol asks for name and schema
    }

    private static async Task<(IReadOnlyList<JsonValue> Tools, string? Instructions)> ListAsync(string folder, string script, string arguments)
    {
        var start = new ProcessStartInfo(Tools.Program("node"), arguments.Length == 0 ? [script] : [script, arguments])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        using var server = Process.Start(start)!; // it starts or throws
        server.ErrorDataReceived += static (_, _) => { };
        server.BeginErrorReadLine();
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            patience.CancelAfter(TimeSpan.FromSeconds(60));
            await server.StandardInput.WriteLineAsync("""{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"interlock-test","version":"1"}}}""");
            await server.StandardInput.FlushAsync(patience.Token);
            var instructions = (await AnswerAsync(server, Initialize, patience.Token))["instructions"]?.StringOrNull();
            await server.StandardInput.WriteLineAsync("""{"jsonrpc":"2.0","method":"notifications/initialized"}""");
            await server.StandardInput.WriteLineAsync("""{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{}}""");
            await server.StandardInput.FlushAsync(patience.Token);
            return ([.. (await AnswerAsync(server, List, patience.Token))["tools"]!.Items], instructions); // the answer to tools/list has them
        }
        finally
        {
            server.Kill(entireProcessTree: true);
        }
    }

    private static async Task<JsonValue> AnswerAsync(Process server, int id, CancellationToken cancellationToken)
    {
        while (await server.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
            if (line.StartsWith('{') && StrictJson.ParseLenient(line) is var message && message["id"] is { } answered && answered == JsonValue.From(id)) return message["result"]!; // an error would be a failed test all the same
        throw new EndOfStreamException("The server ended.");
    }
}
