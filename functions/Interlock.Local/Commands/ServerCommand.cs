using System.CommandLine;
using Interlock.Core;
using Interlock.Core.Registry;
using Interlock.Json;
using Interlock.Local.Hosting;
using Microsoft.Extensions.Logging;

namespace Interlock.Local.Commands;

/// <summary><c>interlock server add NAME ADDRESS --settings FILE</c>: registers an MCP server, or with <c>--http</c> a plain endpoint, in a data directory that no host has open.</summary>
internal static class ServerCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("NAME") { Description = "What it is called here: lower-case letters, digits and dashes." };
        var address = new Argument<string>("ADDRESS") { Description = "Where it is, http or https." };
        var settings = new Option<string?>("--settings") { Description = "A JSON file with the operator's settings; without it those of its last registration stay." };
        var http = new Option<bool>("--http") { Description = "It is a plain HTTP endpoint: what lies below its address is called with HTTP's methods." };
        var data = new Option<string>("--data") { Description = "The data directory.", DefaultValueFactory = _ => ".interlock" };
        var user = new Option<string>("--as") { Description = "The administrator who registers it.", DefaultValueFactory = _ => "admin" };
        var upstream = new Option<string[]>("--allow-upstream") { Description = "Private networks it may be in: 'loopback' or a CIDR such as 10.1.0.0/16." };
        var add = new Command("add", "Register an MCP server with every tool it shows, or an HTTP endpoint.") { name, address, settings, http, data, user, upstream };
        add.SetAction((parsed, cancellation) => AddAsync(
            parsed.GetRequiredValue(name), parsed.GetRequiredValue(address), parsed.GetValue(settings), parsed.GetValue(http), parsed.GetValue(data)!, parsed.GetValue(user)!, parsed.GetValue(upstream) ?? [], cancellation)); // both have defaults
        return new Command("server", "Work with registered servers.") { add };
    }

    private static async Task<int> AddAsync(
        string name, string addressText, string? file, bool isHttp, string data, string user, IReadOnlyList<string> upstreams, CancellationToken cancellationToken)
    {
        var (address, unfit) = UpstreamAddress.Read(addressText, "/address");
        if (address is null) return Output.Problem(Console.Error, unfit!); // it is one or the other
        if (ServeCommand.Egress(upstreams) is not { } egress) return Output.Misused("--allow-upstream takes 'loopback' or a network such as 10.1.0.0/16.");
        ServerSettings? settings = null;
        if (file is not null)
        {
            if (!File.Exists(file)) return Output.Misused($"There is no file '{Output.Plain(file)}'.");
            (settings, var invalid) = await ReadAsync(file, cancellationToken);
            if (invalid is not null) return Output.Problem(Console.Error, invalid);
        }
        if (isHttp) settings = (settings ?? ServerSettings.None) with { Protocol = ServerProtocol.Http };
        using var loggers = LoggerFactory.Create(logging => logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace).SetMinimumLevel(LogLevel.Warning));
        await using var services = await LocalServices.OpenAsync(new LocalOptions(data) { Egress = egress }, loggers, TimeProvider.System, cancellationToken);
        if (services.User(user) is not { } by || !by.Roles.Contains("admin")) return Output.Misused($"'{Output.Plain(user)}' is no administrator in {Output.Plain(data)}.");
        return Output.Registered(await services.Registry.RegisterServerAsync(by, name, address, settings, cancellationToken));
    }

    private static async Task<(ServerSettings?, Problem?)> ReadAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            return SettingsReader.Read(StrictJson.Parse(await File.ReadAllBytesAsync(file, cancellationToken)), "");
        }
        catch (NotIJsonException e)
        {
            return (null, new Problem(ProblemTypes.Validation, 400, "The settings are no JSON", e.Message, e.Pointer));
        }
    }
}
