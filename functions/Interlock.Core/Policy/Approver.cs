using System.Text.Json.Serialization;

namespace Interlock.Core.Policy;

public enum ApproverKind
{
    User,
    Group,
}

/// <summary>Who may decide: a user's or a group's id.</summary>
public sealed record Approver(ApproverKind Kind, string Id)
{
    [JsonIgnore]
    public string Subject => Kind == ApproverKind.User ? "user:" + Id : "group:" + Id;
}
