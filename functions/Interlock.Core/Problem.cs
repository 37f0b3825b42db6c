using System.Text.Json.Serialization;
using Interlock.Core.Agents;
using Interlock.Json;

namespace Interlock.Core;

/// <summary>
/// A failure as data (RFC 7807). <see cref="Type"/> is one of the DSL's standard error types or ours in <see cref="ProblemTypes"/>;
/// <see cref="Instance"/> a JSON pointer into the document or frame; <see cref="Detail"/> says what was wrong and what to do, and
/// may be shown to the caller.
/// </summary>
public sealed record Problem(string Type, int Status, string Title, string? Detail = null, string? Instance = null)
{
    /// <summary>The gateway stage that refused, when one did.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Stage { get; init; }

    /// <summary>The rule that refused, as THREATS names it (<c>grant-spent</c>), when one did.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Rule { get; init; }

    /// <summary>The capabilities that an upstream misses in its caller, as MCP writes them, when that is why it refused.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonValue? Needs { get; init; }

    /// <summary>Of <see cref="ProblemTypes.NeedsApproval"/>: where the agent paused.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public AgentPause? Pause { get; init; }

    /// <summary>The same with texts that fit a record, cut between characters: what it quotes may come from a document or a tool.</summary>
    public Problem Bounded() => this with
    {
        Type = Excerpt.Of(Type, 500),
        Title = Excerpt.Of(Title, 500),
        Detail = Detail is null ? null : Excerpt.Of(Detail, 8000),
        Instance = Instance is null ? null : Excerpt.Of(Instance, 2000),
    };

    /// <summary>The problem as the <c>application/problem+json</c> object.</summary>
    public JsonValue ToJson()
    {
        var json = JsonValue.Object(("type", Type), ("status", Status), ("title", Title));
        if (Detail is not null) json = json.With("detail", Detail);
        if (Instance is not null) json = json.With("instance", Instance);
        if (Stage is not null) json = json.With("stage", Stage);
        if (Rule is not null) json = json.With("rule", Rule);
        return json;
    }
}
