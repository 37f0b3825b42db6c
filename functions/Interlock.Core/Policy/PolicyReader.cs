using System.Collections.Immutable;
using Interlock.Json;
using Interlock.Json.Jq;

namespace Interlock.Core.Policy;

/// <summary>Reads <c>{ version: 1, rules: […], events: […] }</c>. What it does not know it refuses: a misspelt member must not make a rule wider.</summary>
internal sealed class PolicyReader
{
    private const int MaxRules = 1000;
    private const int MaxQuorum = 20;

    private readonly IReadOnlyDictionary<string, int> _lines;
    private readonly List<PolicyError> _errors = [];

    private PolicyReader(IReadOnlyDictionary<string, int> lines) => _lines = lines;

    public static PolicyParseResult Read(string yaml)
    {
        var (document, lines, error) = PolicyYaml.Read(yaml);
        if (document is null) return new PolicyParseResult.Invalid([error ?? new(1, "", "The document is empty.")]);
        var reader = new PolicyReader(lines);
        var rules = reader.Rules(document);
        var publishers = document["events"] is { } events ? reader.Publishers(events) : (ImmutableArray<PublisherRule>?)null;
        if (reader._errors.Count > 0) return new PolicyParseResult.Invalid([.. reader._errors.OrderBy(e => e.Line)]);
        return new PolicyParseResult.Parsed(new PolicySet(rules, publishers, document));
    }

    private ImmutableArray<PolicyRule> Rules(JsonValue document)
    {
        if (!Only(document, "", "version", "rules", "events")) return [];
        if (document["version"] is not { IsNumber: true } version || version.AsNumber() != 1) Error("/version", "must be 1");
        if (document["rules"] is not { IsArray: true } rules)
        {
            Error("/rules", "must be a list of rules");
            return [];
        }
        if (rules.Count > MaxRules) Error("/rules", $"holds more than {MaxRules} rules");
        var read = new List<PolicyRule>();
        var ids = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < rules.Count; i++)
        {
            var at = JsonPointer.Append("/rules", i);
            if (Rule(rules.Items[i], at) is not { } rule) continue;
            if (!ids.Add(rule.Id)) Error(at + "/id", $"'{rule.Id}' is the id of another rule too");
            read.Add(rule);
        }
        return [.. read];
    }

    /// <summary>An empty list lets nobody publish anything.</summary>
    private ImmutableArray<PublisherRule> Publishers(JsonValue events)
    {
        if (events is not { IsArray: true })
        {
            Error("/events", "must be a list of rules");
            return [];
        }
        if (events.Count > MaxRules) Error("/events", $"holds more than {MaxRules} rules");
        var read = new List<PublisherRule>();
        for (var i = 0; i < events.Count; i++)
        {
            var (rule, at) = (events.Items[i], JsonPointer.Append("/events", i));
            if (!Only(rule, at, "id", "principals", "types", "sources")) continue;
            var id = Text(rule, at, "id");
            if (id is null) Error(at + "/id", "a rule has an id, a string that is not empty");
            else if (read.Any(other => other.Id == id)) Error(at + "/id", $"'{id}' is the id of another rule too");
            foreach (var name in (ReadOnlySpan<string>)["principals", "types", "sources"])
                if (rule[name] is null) Error($"{at}/{name}", "a rule about events says who publishes which types from which sources");
            var principals = rule["principals"] is { } who ? Principals(who, at + "/principals") : [];
            read.Add(new PublisherRule(id ?? "", principals, EventPatterns(rule["types"], at + "/types"), EventPatterns(rule["sources"], at + "/sources")));
        }
        return [.. read];
    }

    private ImmutableArray<TargetPattern> EventPatterns(JsonValue? list, string at)
    {
        if (list is null || !NonEmptyList(list, at)) return [];
        var patterns = ImmutableArray.CreateBuilder<TargetPattern>();
        for (var i = 0; i < list.Count; i++)
        {
            if (list.Items[i].StringOrNull() is { } text && TargetPattern.OfText(text) is { } pattern) patterns.Add(pattern);
            else Error(JsonPointer.Append(at, i), "a pattern is a string that is not empty; * stands for any characters");
        }
        return patterns.ToImmutable();
    }

    private PolicyRule? Rule(JsonValue rule, string at)
    {
        if (!Only(rule, at, "id", "principals", "tools", "agents", "when", "afterReading", "effect", "reason", "approval")) return null;
        var id = Text(rule, at, "id");
        if (id is null) Error(at + "/id", "a rule has an id, a string that is not empty");
        PolicyEffect? effect = rule["effect"]?.StringOrNull() switch
        {
            "allow" => PolicyEffect.Allow,
            "deny" => PolicyEffect.Deny,
            "requireApproval" => PolicyEffect.RequireApproval,
            _ => null,
        };
        if (effect is null) Error(at + "/effect", "must be allow, deny or requireApproval");
        var tools = Patterns(rule["tools"], TargetKind.Tool, at + "/tools");
        var agents = Patterns(rule["agents"], TargetKind.Agent, at + "/agents");
        if (rule["tools"] is null && rule["agents"] is null) Error(at, "a rule lists tools, agents or both");
        var principals = rule["principals"] is null ? [new PolicySubject.Any()] : Principals(rule["principals"]!, at + "/principals"); // seen
        var approval = rule["approval"] is { } given ? Approval(given, at + "/approval") : null;
        if (effect == PolicyEffect.RequireApproval && rule["approval"] is null) Error(at, "a requireApproval rule has approval: its approvers and quorum");
        if (effect is PolicyEffect.Allow or PolicyEffect.Deny && rule["approval"] is not null) Error(at + "/approval", "belongs to requireApproval rules only");
        var reason = Text(rule, at, "reason");
        var when = When(rule["when"], at + "/when");
        var afterReading = rule["afterReading"] is { } read ? Sources(read, at + "/afterReading") : [];
        if (effect is PolicyEffect.Allow && rule["afterReading"] is not null) Error(at + "/afterReading", "belongs to deny and requireApproval rules only: reading something permits nothing");
        return id is null || effect is null ? null : new(id, effect.Value, principals, tools, agents, when, reason, approval, LineOf(at)) { AfterReading = afterReading };
    }

    /// <summary>Patterns of what can be read. One that could never match is an error: the rule would hold nothing back.</summary>
    private ImmutableArray<TargetPattern> Sources(JsonValue list, string at)
    {
        if (!NonEmptyList(list, at)) return [];
        var patterns = ImmutableArray.CreateBuilder<TargetPattern>();
        for (var i = 0; i < list.Count; i++)
        {
            if (list.Items[i].StringOrNull() is { } text && IsSource(text) && TargetPattern.OfText(text) is { } pattern) patterns.Add(pattern);
            else Error(JsonPointer.Append(at, i), "what was read is named by a pattern server/tool, agent:name or event:type, or is * for anything; * stands for any characters");
        }
        return patterns.ToImmutable();
    }

    private static bool IsSource(string text) => text == "*" || text.Split(':', 2) switch
    {
        ["agent" or "event", { Length: > 0 }] => true,
        _ => TargetPattern.Parse(TargetKind.Tool, text) is not null && !text.Contains(':', StringComparison.Ordinal),
    };

    private string? Text(JsonValue value, string at, string name)
    {
        if (value[name] is null) return null;
        if (value[name]?.StringOrNull() is { Length: > 0 } text) return text;
        Error($"{at}/{name}", "must be a string that is not empty");
        return null;
    }

    private ImmutableArray<TargetPattern> Patterns(JsonValue? list, TargetKind kind, string at)
    {
        if (list is null || !NonEmptyList(list, at)) return [];
        var patterns = ImmutableArray.CreateBuilder<TargetPattern>();
        for (var i = 0; i < list.Count; i++)
        {
            if (list.Items[i].StringOrNull() is { } text && TargetPattern.Parse(kind, text) is { } pattern) patterns.Add(pattern);
            else Error(JsonPointer.Append(at, i), kind == TargetKind.Tool ? "a tool pattern is server/tool; * stands for any characters" : "an agent pattern is a string");
        }
        return patterns.ToImmutable();
    }

    private ImmutableArray<PolicySubject> Principals(JsonValue list, string at)
    {
        if (!NonEmptyList(list, at)) return [];
        var subjects = ImmutableArray.CreateBuilder<PolicySubject>();
        for (var i = 0; i < list.Count; i++)
        {
            if (Subject(list.Items[i]) is { } subject) subjects.Add(subject);
            else Error(JsonPointer.Append(at, i), "a principal is one of { group }, { user }, { app }, { agent } (a name, or * for any), { workflow: namespace/name } or { any: true }");
        }
        return subjects.ToImmutable();
    }

    private static PolicySubject? Subject(JsonValue value)
    {
        if (!value.IsObject || value.Count != 1) return null;
        var (name, id) = value.Members[0];
        if (name == "any") return id.Kind == JsonKind.True ? new PolicySubject.Any() : null;
        if (id.StringOrNull() is not { Length: > 0 } text) return null;
        return name switch
        {
            "group" => new PolicySubject.Group(text),
            "workflow" when text.Split('/') is not [{ Length: > 0 }, { Length: > 0 }] => null,
            "agent" when text == "*" => new PolicySubject.AnyAgent(),
            "user" or "app" or "agent" or "workflow" => new PolicySubject.One($"{name}:{text}"),
            _ => null,
        };
    }

    private ApproverRequirement? Approval(JsonValue approval, string at)
    {
        if (!Only(approval, at, "approvers", "quorum", "excludeInitiator", "excludeAuthor", "secondLook")) return null;
        var approvers = ImmutableArray.CreateBuilder<Approver>();
        if (approval["approvers"] is not { } list) Error(at + "/approvers", "must list who may approve: { group } or { user }");
        else if (NonEmptyList(list, at + "/approvers"))
            for (var i = 0; i < list.Count; i++)
            {
                if (Approver.FromJson(list.Items[i]) is { } approver) approvers.Add(approver);
                else Error(JsonPointer.Append(at + "/approvers", i), "an approver is { group: id } or { user: id }");
            }
        var quorum = approval["quorum"] is not { } number ? 1 : number.IsNumber && double.IsInteger(number.AsNumber()) ? number.AsNumber() : 0;
        if (quorum is < 1 or > MaxQuorum) Error(at + "/quorum", $"must be a whole number from 1 to {MaxQuorum}");
        return new(approvers.ToImmutable(), (int)quorum, Flag(approval, at, "excludeInitiator", true), Flag(approval, at, "excludeAuthor", true))
        {
            SecondLook = Flag(approval, at, "secondLook", false),
        };
    }

    private bool Flag(JsonValue value, string at, string name, bool standard)
    {
        if (value[name] is null) return standard;
        if (value[name] is { IsBoolean: true } flag) return flag.AsBoolean();
        Error($"{at}/{name}", "must be true or false");
        return standard;
    }

    private JqProgram? When(JsonValue? source, string at)
    {
        if (source is null) return null;
        if (source.StringOrNull() is not { } text)
        {
            Error(at, "must be a jq expression in a string");
            return null;
        }
        try
        {
            return JqProgram.Parse(text);
        }
        catch (JqSyntaxException e)
        {
            Error(at, e.Message);
            return null;
        }
    }

    private bool NonEmptyList(JsonValue value, string at)
    {
        if (value is { IsArray: true, Count: > 0 }) return true;
        Error(at, "must be a list that is not empty");
        return false;
    }

    private bool Only(JsonValue value, string at, params ReadOnlySpan<string> names)
    {
        if (!value.IsObject)
        {
            Error(at, "must be a mapping");
            return false;
        }
        foreach (var (name, _) in value.Members)
            if (!names.Contains(name)) Error(JsonPointer.Append(at, name), $"unknown; expected {string.Join(", ", names)}");
        return true;
    }

    private void Error(string pointer, string message) => _errors.Add(new(LineOf(pointer), pointer, message));

    /// <summary>The line of the value, or of the nearest one around it that exists.</summary>
    private int LineOf(string pointer)
    {
        int line;
        while (!_lines.TryGetValue(pointer, out line) && pointer.Length > 0) pointer = pointer[..pointer.LastIndexOf('/')];
        return line;
    }
}
