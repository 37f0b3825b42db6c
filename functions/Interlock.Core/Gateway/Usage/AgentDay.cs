using System.Globalization;
using Interlock.Core.Audit;

namespace Interlock.Core.Gateway.Usage;

/// <summary>What one version of an agent did on one day (UTC). Calls are attempts with an outcome, of a chat agent its model's turns. Cost is in millionths of the tenant's unit.</summary>
public sealed record AgentDay(string Agent, string Version, string Day)
{
    public long Calls { get; init; }
    public long Failures { get; init; }
    public long Unknown { get; init; }
    public long DurationMs { get; init; }
    public long InputTokens { get; init; }
    public long OutputTokens { get; init; }
    public long Cost { get; init; }

    /// <summary>Conversations that began.</summary>
    public long Conversations { get; init; }

    /// <summary>What it wanted called, and how much of that was refused before it was a call.</summary>
    public long Choices { get; init; }

    public long Refused { get; init; }

    /// <summary>Its choices that people were asked about, and of these the ones they rejected or changed.</summary>
    public long Asked { get; init; }

    public long Overridden { get; init; }

    public static string DayOf(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>What a record says of the agent version that it names itself; null for others.</summary>
    public static AgentDay? Of(AuditRecord record) => record.Type switch
    {
        AuditTypes.CallOutcome when record is { AgentVersion: { } version, Target: { } agent } && Usage.Of(record) is { } usage => new AgentDay(agent, version, DayOf(record.Time))
        {
            Calls = usage.Calls,
            Failures = usage.Failures,
            Unknown = usage.Unknown,
            DurationMs = usage.DurationMs,
            InputTokens = usage.InputTokens,
            OutputTokens = usage.OutputTokens,
            Cost = usage.Cost,
        },
        AuditTypes.AgentOpened when record is { AgentVersion: { } version, Target: { } agent } => new AgentDay(agent, version, DayOf(record.Time)) { Conversations = 1 },
        AuditTypes.AgentSelection when record.Details?["agent"]?.StringOrNull() is { } agent && record.Details["agentVersion"]?.StringOrNull() is { } version =>
            new AgentDay(agent, version, DayOf(record.Time)) { Choices = 1, Refused = record.Decision == "refused" ? 1 : 0 },
        _ => null,
    };

    public AgentDay Plus(AgentDay other) => this with
    {
        Calls = Calls + other.Calls,
        Failures = Failures + other.Failures,
        Unknown = Unknown + other.Unknown,
        DurationMs = DurationMs + other.DurationMs,
        InputTokens = InputTokens + other.InputTokens,
        OutputTokens = OutputTokens + other.OutputTokens,
        Cost = Cost + other.Cost,
        Conversations = Conversations + other.Conversations,
        Choices = Choices + other.Choices,
        Refused = Refused + other.Refused,
        Asked = Asked + other.Asked,
        Overridden = Overridden + other.Overridden,
    };
}
