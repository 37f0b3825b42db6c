using System.Collections.Immutable;
using System.Xml;
using Interlock.Core.Agents;
using Interlock.Core.Policy;
using Interlock.Core.Runs;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Core.Registry;

/// <summary>Settings of an agent as an operator writes and reads them: cost and prices in the tenant's unit, times as ISO 8601.</summary>
public static class AgentSettingsJson
{
    private const decimal Micro = 1_000_000;
    private const string Time = "time";
    private const string Cost = "cost";

    private static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    /// <summary>The settings, or what is wrong with them; its pointer is into the JSON, below the one given.</summary>
    public static (AgentSettings? Settings, Problem? Refusal) Read(JsonValue json, string pointer)
    {
        if (AgentSettingsSchema.Compiled.Validate(json) is [var first, ..]) return (null, SettingsCheck.Invalid(pointer + first.InstanceLocation, first.Message));
        var (limits, late) = Limits(json["limits"], pointer + "/limits");
        if (late is not null) return (null, late);
        return (new AgentSettings
        {
            Protocol = json["protocol"]?.AsString() switch { "mcp" => AgentProtocol.Mcp, "chat" => AgentProtocol.Chat, _ => AgentProtocol.A2a },
            Description = json["description"]?.AsString(),
            Tags = Texts(json["tags"]),
            Trusted = json["trusted"]?.AsBoolean() == true,
            Auth = json["auth"] is { } auth ? RunJson.FromValue<UpstreamAuth>(auth) : null,
            Tool = json["tool"]?.AsString(),
            Model = json["model"]?.AsString(),
            Instructions = json["instructions"]?.AsString(),
            Pool = json["pool"] is { } pool ? new PoolRequest { Tools = Texts(pool["tools"]), Agents = Texts(pool["agents"]), Workflows = Texts(pool["workflows"]) } : PoolRequest.None,
            Limits = limits,
            Context = json["context"] is { } context ? RunJson.FromValue<ContextPolicy>(context) : ContextPolicy.Default,
            Prices = json["prices"] is { } prices ? new TokenPrices(Millionths(prices["input"]!), Millionths(prices["output"]!)) : null, // the schema asks for both
            MaxOutputTokens = (int?)Number(json["maxOutputTokens"]),
        }, null);
    }

    /// <summary>The same from YAML or JSON text.</summary>
    public static (AgentSettings? Settings, Problem? Refusal) ReadText(string text, string pointer)
    {
        var (document, _, error) = PolicyYaml.Read(text);
        return document is null ? (null, SettingsCheck.Invalid(pointer, error?.ToString() ?? "There are no settings.")) : Read(document, pointer);
    }

    /// <summary>What <see cref="Read"/> reads; without what is not said.</summary>
    public static JsonValue Write(AgentSettings settings)
    {
        var json = JsonValue.Object(("protocol", settings.Protocol.ToString().ToLowerInvariant()));
        if (settings.Description is { } description) json = json.With("description", description);
        if (!settings.Tags.IsEmpty) json = json.With("tags", Texts(settings.Tags));
        if (settings.Trusted) json = json.With("trusted", true);
        if (settings.Auth is { } auth) json = json.With("auth", RunJson.ToValue(auth));
        if (settings.Tool is { } tool) json = json.With("tool", tool);
        if (settings.Model is { } model) json = json.With("model", model);
        if (settings.Instructions is { } instructions) json = json.With("instructions", instructions);
        if (Pool(settings.Pool) is { Count: > 0 } pool) json = json.With("pool", pool);
        if (settings.Limits != AgentLimits.Default) json = json.With("limits", Limits(settings.Limits));
        if (settings.Context != ContextPolicy.Default) json = json.With("context", RunJson.ToValue(settings.Context));
        if (settings.Prices is { } prices) json = json.With("prices", JsonValue.Object(("input", Units(prices.Input)), ("output", Units(prices.Output))));
        return settings.MaxOutputTokens is { } most ? json.With("maxOutputTokens", most) : json;
    }

    private static (AgentLimits, Problem?) Limits(JsonValue? json, string pointer)
    {
        var none = AgentLimits.Default;
        if (json is null) return (none, null);
        TimeSpan? time = null;
        try
        {
            if (json[Time] is { } said) time = Durations.Parse(said);
        }
        catch (FormatException e)
        {
            return (none, SettingsCheck.Invalid($"{pointer}/{Time}", e.Message));
        }
        if (time <= TimeSpan.Zero || time > Longest) return (none, SettingsCheck.Invalid($"{pointer}/{Time}", "It is a time between nothing and 30 days."));
        return (new AgentLimits
        {
            Steps = (int)(Number(json["steps"]) ?? none.Steps),
            Calls = (int)(Number(json["calls"]) ?? none.Calls),
            Tokens = Number(json["tokens"]),
            Cost = json[Cost] is { } cost ? Millionths(cost) : null,
            Time = time,
            ConsecutiveFailures = (int)(Number(json["consecutiveFailures"]) ?? none.ConsecutiveFailures),
            Repeats = (int)(Number(json["repeats"]) ?? none.Repeats),
        }, null);
    }

    private static JsonValue Limits(AgentLimits limits)
    {
        var json = JsonValue.Object(("steps", limits.Steps), ("calls", limits.Calls), ("consecutiveFailures", limits.ConsecutiveFailures), ("repeats", limits.Repeats));
        if (limits.Tokens is { } tokens) json = json.With("tokens", tokens);
        if (limits.Cost is { } cost) json = json.With(Cost, Units(cost));
        return limits.Time is { } time ? json.With(Time, XmlConvert.ToString(time)) : json;
    }

    private static JsonValue Pool(PoolRequest pool)
    {
        var json = JsonValue.EmptyObject;
        if (!pool.Tools.IsEmpty) json = json.With("tools", Texts(pool.Tools));
        if (!pool.Agents.IsEmpty) json = json.With("agents", Texts(pool.Agents));
        return pool.Workflows.IsEmpty ? json : json.With("workflows", Texts(pool.Workflows));
    }

    private static ImmutableArray<string> Texts(JsonValue? list) => [.. list?.Items.Select(item => item.AsString()) ?? []];

    private static JsonValue Texts(ImmutableArray<string> list) => JsonValue.Array(list.Select(JsonValue.From));

    private static long? Number(JsonValue? value) => value is null ? null : (long)value.AsNumber();

    private static long Millionths(JsonValue units) => (long)decimal.Ceiling((decimal)units.AsNumber() * Micro);

    private static double Units(long millionths) => (double)(millionths / Micro);
}
