using System.Collections.Immutable;
using System.Globalization;
using Interlock.Json;

namespace Interlock.Core.Audit;

/// <summary>The stored form of a record.</summary>
internal static class AuditRecordJson
{
    private const double MaxSafeInteger = 9007199254740991;

    public static JsonValue Write(AuditRecord record)
    {
        var json = JsonValue.Object(
            ("id", record.Id),
            ("type", record.Type),
            ("time", record.Time.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture)),
            ("tenant", record.Tenant.Value),
            ("chain", record.Chain));
        Add("run", record.Run?.Value);
        Add("workflowName", record.WorkflowName);
        Add("workflowVersion", record.WorkflowVersion);
        Add("workflowDigest", record.WorkflowDigest);
        Add("task", record.Task?.Value);
        Add("frame", record.Frame?.Value);
        AddNumber("attempt", record.Attempt);
        AddList("actors", record.Actors);
        Add("target", record.Target);
        Add("via", record.Via);
        Add("toolVersion", record.ToolVersion);
        Add("agentVersion", record.AgentVersion);
        Add("contractDigest", record.ContractDigest);
        Add("policyDigest", record.PolicyDigest);
        AddNumber("epoch", record.Epoch);
        Add("effect", record.Effect?.Value);
        Add("argumentsDigest", record.ArgumentsDigest);
        Add("resultDigest", record.ResultDigest);
        Add("decision", record.Decision);
        AddList("ruleIds", record.RuleIds);
        Add("reason", record.Reason);
        Add("stage", record.Stage);
        Add("rule", record.Rule);
        Add("gate", record.Gate?.Value);
        Add("grant", record.Grant);
        Add("outcome", record.Outcome);
        Add("address", record.Address);
        if (record.Problem is not null) json = json.With("problem", record.Problem.ToJson());
        AddNumber("durationMs", record.DurationMs);
        Add("trace", record.Trace);
        return record.Details is null ? json : json.With("details", record.Details);

        void Add(string name, string? value)
        {
            if (value is not null) json = json.With(name, value);
        }

        void AddNumber(string name, long? value)
        {
            if (value is not null) json = json.With(name, value.Value);
        }

        void AddList(string name, ImmutableArray<string> values)
        {
            if (!values.IsDefaultOrEmpty) json = json.With(name, JsonValue.Array(values.Select(JsonValue.From)));
        }
    }

    public static AuditRecord Read(JsonValue json)
    {
        if (!json.IsObject) throw new FormatException("An audit record is an object.");
        return new AuditRecord
        {
            Id = Required("id"),
            Type = Required("type"),
            Time = ReadTime(Required("time")),
            Tenant = new TenantId(Required("tenant")),
            Chain = Required("chain"),
            Run = Text("run") is { } run ? new RunId(run) : null,
            WorkflowName = Text("workflowName"),
            WorkflowVersion = Text("workflowVersion"),
            WorkflowDigest = Text("workflowDigest"),
            Task = Text("task") is { } task ? new TaskPath(task) : null,
            Frame = Text("frame") is { } frame ? new FrameId(frame) : null,
            Attempt = (int?)Number("attempt"),
            Actors = List("actors"),
            Target = Text("target"),
            Via = Text("via"),
            ToolVersion = Text("toolVersion"),
            AgentVersion = Text("agentVersion"),
            ContractDigest = Text("contractDigest"),
            PolicyDigest = Text("policyDigest"),
            Epoch = Number("epoch"),
            Effect = Text("effect") is { } effect ? new EffectId(effect) : null,
            ArgumentsDigest = Text("argumentsDigest"),
            ResultDigest = Text("resultDigest"),
            Decision = Text("decision"),
            RuleIds = List("ruleIds"),
            Reason = Text("reason"),
            Stage = Text("stage"),
            Rule = Text("rule"),
            Gate = Text("gate") is { } gate ? new GateId(gate) : null,
            Grant = Text("grant"),
            Outcome = Text("outcome"),
            Address = Text("address"),
            Problem = json["problem"] is { } problem ? ReadProblem(problem) : null,
            DurationMs = Number("durationMs"),
            Trace = Text("trace"),
            Details = json["details"],
        };

        string Required(string name) => Text(name) ?? throw Wrong(name, "is missing");

        string? Text(string name) => json[name] is not { } value ? null : value.StringOrNull() ?? throw Wrong(name, "must be a string");

        long? Number(string name) => json[name] switch
        {
            null => null,
            { IsNumber: true } number when double.IsInteger(number.AsNumber()) && Math.Abs(number.AsNumber()) <= MaxSafeInteger => (long)number.AsNumber(),
            _ => throw Wrong(name, "must be a whole number"),
        };

        ImmutableArray<string> List(string name) => json[name] switch
        {
            null => [],
            { IsArray: true } list when list.Items.All(item => item.IsString) => [.. list.Items.Select(item => item.AsString())],
            _ => throw Wrong(name, "must be a list of strings"),
        };
    }

    private static DateTimeOffset ReadTime(string text) =>
        DateTimeOffset.TryParseExact(text, "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? time : throw Wrong("time", "must be an ISO 8601 time");

    private static Problem ReadProblem(JsonValue problem)
    {
        if (problem["type"]?.StringOrNull() is not { } type || problem["title"]?.StringOrNull() is not { } title || problem["status"] is not { IsNumber: true } status)
            throw Wrong("problem", "must hold type, title and status");
        return new(type, (int)status.AsNumber(), title, problem["detail"]?.StringOrNull(), problem["instance"]?.StringOrNull())
        {
            Stage = problem["stage"]?.StringOrNull(),
            Rule = problem["rule"]?.StringOrNull(),
        };
    }

    private static FormatException Wrong(string name, string what) => new($"The audit record's {name} {what}.");
}
