using System.Collections.Immutable;
using Interlock.Core.Policy;
using Interlock.Json;

namespace Interlock.Core.Workflows.Reading;

/// <summary>Who decides, as gates and escalations write it: approvers, a quorum, and further requirements under the same exclusions.</summary>
internal static class PeopleReader
{
    public static ImmutableArray<Approver> Approvers(JsonValue source) =>
    [
        .. source["approvers"]!.Items.Select(item => item["user"] is { } user // required by the schema
            ? new Approver(ApproverKind.User, user.AsString())
            : new Approver(ApproverKind.Group, item["group"]!.AsString())), // the schema allows exactly these two
    ];

    /// <summary>How many must approve, when written. More than there are people could never close the gate.</summary>
    public static int? Quorum(FindingLog log, JsonValue source, ImmutableArray<Approver> approvers, string at)
    {
        if (source["quorum"] is not { } written) return null;
        var quorum = (int)written.AsNumber();
        if (approvers.All(approver => approver.Kind == ApproverKind.User) && approvers.Distinct().Count() is var people && quorum > people)
            log.Error("quorum", at + "/quorum", $"a quorum of {quorum} can't be reached with {people} approvers");
        return quorum;
    }

    public static ImmutableArray<ApproverRequirement> Also(FindingLog log, JsonValue source, string at, bool excludeInitiator, bool excludeAuthor)
    {
        if (source["also"] is not { } list) return [];
        var requirements = ImmutableArray.CreateBuilder<ApproverRequirement>(list.Count);
        foreach (var item in list.Items)
        {
            var approvers = Approvers(item);
            var quorum = Quorum(log, item, approvers, JsonPointer.Append(at + "/also", requirements.Count)) ?? 1;
            requirements.Add(new(approvers, quorum, excludeInitiator, excludeAuthor));
        }
        return requirements.MoveToImmutable();
    }

    /// <summary>An exclusion holds unless the document says otherwise.</summary>
    public static bool Excludes(JsonValue source, string member) => source[member]?.AsBoolean() ?? true;
}
