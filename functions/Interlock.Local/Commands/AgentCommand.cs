using System.CommandLine;
using Interlock.Core;
using Interlock.Core.Registry;
using Interlock.Local.Hosting;
using Microsoft.Extensions.Logging;

namespace Interlock.Local.Commands;

/// <summary><c>interlock agent add NAME --chat URL --model MODEL --secret SECRET --settings FILE</c>: registers a version of an agent in a data directory that no host has open.</summary>
internal static class AgentCommand
{
    private static readonly Argument<string> Name = new("NAME") { Description = "What it is called here: lower-case letters, digits and dashes." };
    private static readonly Option<string> Version = new("--version") { Description = "Which version of it this is.", DefaultValueFactory = _ => "1.0.0" };
    private static readonly Option<string?> A2a = new("--a2a") { Description = "It speaks A2A at this address." };
    private static readonly Option<string?> Tool = new("--mcp") { Description = "It is this tool of a registered server: server/tool." };
    private static readonly Option<string?> Chat = new("--chat") { Description = "It is a model behind an OpenAI-compatible endpoint at this address, such as https://api.openai.com/v1 or https://NAME.openai.azure.com/openai/v1." };
    private static readonly Option<string?> Model = new("--model") { Description = "With --chat: the model, in Azure the deployment." };
    private static readonly Option<string?> Secret = new("--secret") { Description = "The name of the secret that it is called with (interlock secret set NAME)." };
    private static readonly Option<string?> Header = new("--header") { Description = "With --secret: the header that takes it as it is, such as api-key; 'Authorization: Bearer' without." };
    private static readonly Option<string?> Settings = new("--settings") { Description = "A YAML or JSON file with the operator's settings; what is said besides stands over it." };
    private static readonly Option<string> Data = new("--data") { Description = "The data directory.", DefaultValueFactory = _ => ".interlock" };
    private static readonly Option<string> User = new("--as") { Description = "The administrator who registers it.", DefaultValueFactory = _ => "admin" };
    private static readonly Option<string[]> Upstream = new("--allow-upstream") { Description = "Private networks it may be in: 'loopback' or a CIDR such as 10.1.0.0/16." };

    public static Command Create()
    {
        var add = new Command("add", "Register a version of an agent of one of three kinds.") { Name, Version, A2a, Tool, Chat, Model, Secret, Header, Settings, Data, User, Upstream };
        add.SetAction(AddAsync);
        return new Command("agent", "Work with registered agents.") { add };
    }

    private static async Task<int> AddAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        if (new[] { A2a, Tool, Chat }.Count(option => parsed.GetValue(option) is not null) != 1) return Output.Misused("Say one of --a2a ADDRESS, --mcp server/tool and --chat ADDRESS.");
        if (ServeCommand.Egress(parsed.GetValue(Upstream) ?? []) is not { } egress) return Output.Misused("--allow-upstream takes 'loopback' or a network such as 10.1.0.0/16.");
        Uri? address = null;
        if ((parsed.GetValue(A2a) ?? parsed.GetValue(Chat)) is { } text && UpstreamAddress.Read(text, "/address") is var (read, unfit) && (address = read) is null) return Output.Problem(Console.Error, unfit!); // one or the other
        var (settings, invalid) = await SettingsAsync(parsed, cancellationToken);
        if (settings is null) return Output.Problem(Console.Error, invalid!); // the same
        var (data, user) = (parsed.GetRequiredValue(Data), parsed.GetRequiredValue(User));
        using var loggers = LoggerFactory.Create(logging => logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace).SetMinimumLevel(LogLevel.Warning));
        await using var services = await LocalServices.OpenAsync(new LocalOptions(data) { Egress = egress }, loggers, TimeProvider.System, cancellationToken);
        if (services.User(user) is not { } by || !by.Roles.Contains("admin")) return Output.Misused($"'{Output.Plain(user)}' is no administrator in {Output.Plain(data)}.");
        return Output.Registered(await services.Registry.RegisterAgentAsync(by, parsed.GetRequiredValue(Name), parsed.GetRequiredValue(Version), address, settings, cancellationToken));
    }

    /// <summary>The file's settings with what the options say.</summary>
    private static async Task<(AgentSettings? Settings, Problem? Refusal)> SettingsAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var settings = AgentSettings.None;
        if (parsed.GetValue(Settings) is { } file)
        {
            if (!File.Exists(file)) return (null, new Problem(ProblemTypes.Validation, 400, $"There is no file '{file}'"));
            var (read, invalid) = AgentSettingsJson.ReadText(await File.ReadAllTextAsync(file, cancellationToken), "");
            if (read is null) return (null, invalid);
            settings = read;
        }
        settings = settings with { Protocol = parsed.GetValue(Chat) is not null ? AgentProtocol.Chat : parsed.GetValue(Tool) is not null ? AgentProtocol.Mcp : AgentProtocol.A2a };
        if (parsed.GetValue(Tool) is { } tool) settings = settings with { Tool = tool };
        if (parsed.GetValue(Model) is { } model) settings = settings with { Model = model };
        if (parsed.GetValue(Secret) is not { } secret) return (settings, null);
        return (settings with { Auth = parsed.GetValue(Header) is { } header ? new UpstreamAuth.ApiKey(secret, header, "") : new UpstreamAuth.ApiKey(secret) }, null);
    }
}
