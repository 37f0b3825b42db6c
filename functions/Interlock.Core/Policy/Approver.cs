using Interlock.Json;

namespace Interlock.Core.Policy;

public enum ApproverKind
{
    User,
    Group,
}

/// <summary>Who may decide: one person by object id, or any member of a group by group id.</summary>
public sealed record Approver(ApproverKind Kind, string Id)
{
    public JsonValue ToJson() => JsonValue.Object((Kind == ApproverKind.User ? "user" : "group", Id));

    /// <summary>Reads <c>{ user: id }</c> or <c>{ group: id }</c>; null for anything else.</summary>
    public static Approver? FromJson(JsonValue json)
    {
        if (!json.IsObject || json.Count != 1 || json.Members[0].Value.StringOrNull() is not { Length: > 0 } id) return null;
        return json.Members[0].Key switch
        {
            "user" => new(ApproverKind.User, id),
            "group" => new(ApproverKind.Group, id),
            _ => null,
        };
    }

    /// <summary>Reads what <see cref="ToString"/> writes, <c>user:id</c> or <c>group:id</c>; null for anything else.</summary>
    public static Approver? Parse(string text) => text.Split(':', 2) switch
    {
        ["user", { Length: > 0 } id] => new(ApproverKind.User, id),
        ["group", { Length: > 0 } id] => new(ApproverKind.Group, id),
        _ => null,
    };

    public override string ToString() => $"{(Kind == ApproverKind.User ? "user" : "group")}:{Id}";
}
