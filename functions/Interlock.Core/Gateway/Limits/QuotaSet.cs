using System.Collections.Immutable;
using Interlock.Core.Agents;
using Interlock.Core.Identity;
using Interlock.Core.Policy;
using Interlock.Core.Registry;
using Interlock.Json;
using Interlock.Json.Schema;

namespace Interlock.Core.Gateway.Limits;

/// <summary>
/// A tenant's quotas on calls and budgets on their cost and on models' tokens, as its document states them (YAML or JSON). Every rule that matches a call must have room for it; the cost of a
/// call is its tool's (<see cref="Registry.ToolSettings.Cost"/>). What a model's turn uses is known afterwards: it is let through while anything is left, and counted then.
/// </summary>
public sealed class QuotaSet
{
    /// <summary>The name of the document's entry among the tenant's policies.</summary>
    public const string EntryName = "quotas";

    private const decimal Micro = 1_000_000;

    private static readonly JsonValue Source = StrictJson.Parse("""
        { "type": "object", "required": ["version"], "additionalProperties": false,
          "properties": {
            "version": { "const": 1 },
            "rules": { "type": "array", "maxItems": 200, "items": { "type": "object", "required": ["id"], "additionalProperties": false, "anyOf": [ { "required": ["calls"] }, { "required": ["cost"] }, { "required": ["tokens"] } ],
              "properties": {
                "id": { "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" },
                "who": { "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": false, "properties": {
                  "any": { "const": true }, "user": { "type": "string", "minLength": 1 }, "app": { "type": "string", "minLength": 1 }, "agent": { "type": "string", "minLength": 1 }, "group": { "type": "string", "minLength": 1 } } },
                "per": { "enum": ["caller", "all"] },
                "tools": { "type": "array", "minItems": 1, "maxItems": 200, "items": { "type": "string", "pattern": "^[^/]+/.+$" } },
                "agents": { "type": "array", "minItems": 1, "maxItems": 200, "items": { "type": "string", "minLength": 1 } },
                "calls": { "$ref": "#/$defs/calls" },
                "cost": { "$ref": "#/$defs/cost" },
                "tokens": { "$ref": "#/$defs/tokens" } } } },
            "run": { "type": "object", "minProperties": 1, "additionalProperties": false, "properties": {
              "calls": { "type": "integer", "minimum": 1, "maximum": 1000000000 }, "cost": { "type": "number", "exclusiveMinimum": 0, "maximum": 1000000000 },
              "tokens": { "type": "integer", "minimum": 1, "maximum": 1000000000000 } } } },
          "$defs": {
            "tokens": { "type": "object", "minProperties": 1, "additionalProperties": false, "properties": {
              "hour": { "type": "integer", "minimum": 1, "maximum": 1000000000000 }, "day": { "type": "integer", "minimum": 1, "maximum": 1000000000000 }, "month": { "type": "integer", "minimum": 1, "maximum": 1000000000000 } } },
            "calls": { "type": "object", "minProperties": 1, "additionalProperties": false, "properties": {
              "hour": { "type": "integer", "minimum": 1, "maximum": 1000000000 }, "day": { "type": "integer", "minimum": 1, "maximum": 1000000000 }, "month": { "type": "integer", "minimum": 1, "maximum": 1000000000 } } },
            "cost": { "type": "object", "minProperties": 1, "additionalProperties": false, "properties": {
              "day": { "type": "number", "exclusiveMinimum": 0, "maximum": 1000000000 }, "month": { "type": "number", "exclusiveMinimum": 0, "maximum": 1000000000 } } } } }
        """);

    private static readonly JsonSchema Schema = JsonSchema.Compile(Source, JsonSchemaOptions.Asserting);

    private readonly ImmutableArray<Rule> _rules;

    private QuotaSet(ImmutableArray<Rule> rules) => _rules = rules;

    /// <summary>The document, or what is wrong with it, with places.</summary>
    public static (QuotaSet? Quotas, string? Error) Parse(string text)
    {
        var (document, _, error) = PolicyYaml.Read(text);
        if (document is null) return (null, error?.ToString() ?? "The document is empty.");
        if (Schema.Validate(document) is [var first, ..]) return (null, $"'{first.InstanceLocation}': {first.Message}");
        var rules = (document["rules"]?.Items.Select(Read) ?? []).ToList();
        if (rules.GroupBy(rule => rule.Id, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { } twice) return (null, $"'{twice.Key}' is the id of two rules.");
        if (document["run"] is { } run) rules.Add(new Rule("", null, [], IsPerCaller: false, Bounds(run, "calls", 1), Bounds(run, "cost", Micro), Bounds(run, "tokens", 1)));
        return (new QuotaSet([.. rules]), null);
    }

    /// <summary>What a call costs, in millionths of the tenant's unit.</summary>
    internal static long CostOf(ToolSettings tool) => (long)decimal.Ceiling(tool.Cost * Micro);

    /// <summary>What a call takes, and of what.</summary>
    internal IEnumerable<QuotaClaim> Claims(RoutedCall routed, DateTimeOffset now)
    {
        var cost = CostOf(routed.Contract.Tool);
        foreach (var rule in Matching(routed))
        {
            var scope = Scope(rule, routed.Call);
            foreach (var (span, limit) in rule.Calls) yield return new QuotaClaim(rule.Id, scope, span, QuotaWindow.Of(span, now), 1, limit, QuotaUnit.Calls);
            if (cost == 0) continue;
            foreach (var (span, limit) in rule.Cost) yield return new QuotaClaim(rule.Id, scope, span, QuotaWindow.Of(span, now), cost, limit, QuotaUnit.Cost);
        }
    }

    /// <summary>What a model's turn used, and of what; nothing where no model is called.</summary>
    internal IEnumerable<QuotaClaim> Charges(RoutedCall routed, TokenCount tokens, DateTimeOffset now)
    {
        if (routed.Call.Step != ConversationStep.Turn) yield break;
        foreach (var rule in Matching(routed))
        {
            var scope = Scope(rule, routed.Call);
            foreach (var (span, limit) in rule.Tokens) yield return new QuotaClaim(rule.Id, scope, span, QuotaWindow.Of(span, now), tokens.Total, limit, QuotaUnit.Tokens);
            if (routed.Contract.Prices is not { } prices) continue;
            foreach (var (span, limit) in rule.Cost) yield return new QuotaClaim(rule.Id, scope, span, QuotaWindow.Of(span, now), prices.Of(tokens), limit, QuotaUnit.Cost);
        }
    }

    private IEnumerable<Rule> Matching(RoutedCall routed) => _rules.Where(rule => rule.Matches(routed));

    /// <summary>What is counted together: a rule without an id is a run's.</summary>
    private static string Scope(Rule rule, GatewayCall call) =>
        rule.Id.Length == 0 ? $"run:{call.Site!.Run}" : $"rule:{rule.Id}:{(rule.IsPerCaller ? call.Chain.Starter.Subject : "")}"; // of a call outside runs it matches none

    private static Rule Read(JsonValue rule)
    {
        var who = rule["who"]?.Members[0] is { Key: not "any" } named ? $"{named.Key}:{named.Value.AsString()}" : null;
        ImmutableArray<(TargetKind, TargetPattern)> targets = [.. Patterns(rule["tools"], TargetKind.Tool), .. Patterns(rule["agents"], TargetKind.Agent)];
        return new Rule(rule["id"]!.AsString(), who, targets, rule["per"]?.AsString() != "all", Spans(rule["calls"], 1), Spans(rule["cost"], Micro), Spans(rule["tokens"], 1)); // the schema asks for an id
    }

    private static IEnumerable<(TargetKind, TargetPattern)> Patterns(JsonValue? list, TargetKind kind) =>
        list?.Items.Select(pattern => (kind, TargetPattern.Parse(kind, pattern.AsString())!)) ?? []; // the schema takes only what parses

    private static ImmutableArray<(QuotaSpan, long)> Spans(JsonValue? bounds, decimal unit) =>
        [.. bounds?.Members.Select(bound => (Enum.Parse<QuotaSpan>(bound.Key, ignoreCase: true), (long)((decimal)bound.Value.AsNumber() * unit))) ?? []];

    private static ImmutableArray<(QuotaSpan, long)> Bounds(JsonValue run, string what, decimal unit) =>
        run[what] is { } bound ? [(QuotaSpan.Run, (long)((decimal)bound.AsNumber() * unit))] : [];

    private sealed record Rule(
        string Id, string? Who, ImmutableArray<(TargetKind Kind, TargetPattern Pattern)> Targets, bool IsPerCaller,
        ImmutableArray<(QuotaSpan Span, long Limit)> Calls, ImmutableArray<(QuotaSpan Span, long Limit)> Cost, ImmutableArray<(QuotaSpan Span, long Limit)> Tokens)
    {
        public bool Matches(RoutedCall routed)
        {
            var call = routed.Call;
            if (Id.Length == 0) return call.Site is not null;
            if (!Targets.IsEmpty && !Targets.Any(pattern => Concerns(pattern.Kind, pattern.Pattern, routed))) return false;
            return Who is null || Who == call.Chain.Starter.Subject || (Who.StartsWith("group:", StringComparison.Ordinal) && IsIn(call.Chain.Starter, Who["group:".Length..]));
        }

        /// <summary>An agent that is a tool is both.</summary>
        private static bool Concerns(TargetKind kind, TargetPattern pattern, RoutedCall routed) =>
            (kind == routed.Call.Kind && pattern.Matches(routed.Entry.Name)) || (kind == TargetKind.Tool && routed.Tool is { } tool && pattern.Matches(tool.Name));

        private static bool IsIn(Principal caller, string group) => !caller.Groups.IsDefault && caller.Groups.Contains(group);
    }
}

/// <summary>What a limit counts; cost in millionths of the tenant's unit.</summary>
internal enum QuotaUnit
{
    Calls,
    Cost,
    Tokens,
}

/// <summary>An amount to be counted against a limit.</summary>
internal readonly record struct QuotaClaim(string Rule, string Scope, QuotaSpan Span, QuotaWindow Window, long Amount, long Limit, QuotaUnit Unit)
{
    /// <summary>The tool whose own bound it is, of no rule.</summary>
    public string? Tool { get; init; }

    /// <summary>The agent elsewhere whose own bound it is.</summary>
    public string? Agent { get; init; }
}
