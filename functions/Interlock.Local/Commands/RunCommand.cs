using System.CommandLine;
using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Core.Workflows;
using Interlock.Http.Upstreams;
using Interlock.Json;
using Interlock.Local.Hosting;
using Microsoft.Extensions.Logging;
using Command = System.CommandLine.Command;

namespace Interlock.Local.Commands;

/// <summary>
/// <c>interlock run FILE --input INPUT</c>: runs a workflow in this process, without servers, and prints its output; exit 0, or 1 with an
/// RFC 7807 problem on stderr. A document of the DSL that lacks only what Interlock asks for besides is completed. With <c>--data</c> it uses that data directory's registry, policy and users, else an empty one of its own.
/// </summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "The workflow document." };
        var input = new Option<string?>("--input") { Description = "The input as JSON, or @FILE, or - for standard input. Default: null." };
        var user = new Option<string>("--as") { Description = "The user it runs as.", DefaultValueFactory = _ => "me" };
        var data = new Option<string?>("--data") { Description = "The data directory to use." };
        var command = new Command("run", "Run a workflow in this process.") { file, input, user, data };
        command.SetAction((parsed, cancellation) => RunAsync(
            parsed.GetRequiredValue(file), parsed.GetValue(input), parsed.GetValue(user) ?? "me", parsed.GetValue(data), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string file, string? inputText, string user, string? data, CancellationToken cancellationToken)
    {
        if (!File.Exists(file)) return Output.Problem(Console.Error, Invalid("There is no such file", file));
        var read = WorkflowReader.Read(await File.ReadAllTextAsync(file, cancellationToken), file);
        if (StandardDocument.IsAllMissing(read))
        {
            await Console.Error.WriteLineAsync(Output.Plain($"{file}: does not say what happens on an error or a timeout, so it can't be published; here steps fail, after an hour at the latest"));
            read = WorkflowReader.FromDocument(StandardDocument.Complete(read.Document!), file); // it was read that far
        }
        if (read.Definition is not { } definition)
            return Output.Problem(Console.Error, Invalid("The workflow does not check", string.Join("\n", read.Findings)));
        JsonValue input;
        try
        {
            input = await InputAsync(inputText, cancellationToken);
        }
        catch (FormatException e)
        {
            return Output.Problem(Console.Error, Invalid("The input is no JSON", e.Message));
        }
        var own = data is null ? Directory.CreateTempSubdirectory("interlock-run-").FullName : null;
        try
        {
            return await RunAsync(definition, input, user, new LocalOptions(data ?? own!) { Egress = new EgressOptions { AllowLoopback = true } }, cancellationToken); // one of the two is set
        }
        finally
        {
            if (own is not null) Directory.Delete(own, recursive: true);
        }
    }

    private static async Task<int> RunAsync(WorkflowDefinition definition, JsonValue input, string user, LocalOptions options, CancellationToken cancellationToken)
    {
        var tenant = new TenantId(LocalOptions.Tenant);
        using var loggers = LoggerFactory.Create(logging => logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace).SetMinimumLevel(LogLevel.Warning));
        await using var services = await LocalServices.OpenAsync(options, loggers, TimeProvider.System, cancellationToken);
        var starter = services.User(user) ?? new Principal(tenant, user, PrincipalKind.User, user, [], []);
        var digest = await services.Catalog.StoreAsync(tenant, definition.Document, cancellationToken);
        var workflow = new WorkflowRef(definition.Name.ToString(), definition.Version, digest);
        var started = await services.Engine.StartAsync(new StartRun(tenant, workflow, new RunOrigin(starter, null, "cli"), input), cancellationToken);
        RunState state = started.State;
        await foreach (var next in services.Engine.WatchAsync(tenant, started.State.Id, cancellationToken)) state = next;
        if (state.Status == RunStatus.Completed)
        {
            Output.Json(Console.Out, state.Output ?? JsonValue.Null);
            return Output.Ok;
        }
        return Output.Problem(Console.Error, state.Error ?? new Problem(ProblemTypes.Runtime, 500, $"The run ended as {state.Status.Text()}"));
    }

    private static async Task<JsonValue> InputAsync(string? text, CancellationToken cancellationToken) => text switch
    {
        null => JsonValue.Null,
        "-" => StrictJson.Parse(await Console.In.ReadToEndAsync(cancellationToken)),
        ['@', .. var path] => File.Exists(path) ? StrictJson.Parse(await File.ReadAllBytesAsync(path, cancellationToken)) : throw new FormatException($"There is no file '{path}'."),
        _ => StrictJson.Parse(text),
    };

    private static Problem Invalid(string title, string detail) => new(ProblemTypes.Validation, 400, title, detail);
}
