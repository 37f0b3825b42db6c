using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using Interlock.Json;

namespace Interlock.Core.Notices;

/// <summary>
/// One message to one channel: 32 hex digits derived from tenant, gate, what happened and the channel's name, so that announcing the same again is recognised.
/// Receivers see it too, and drop repeats by it.
/// </summary>
[JsonConverter(typeof(StringIdConverter<NoticeId>))]
public readonly record struct NoticeId(string Value) : IStringId<NoticeId>
{
    public static NoticeId Create(string value) => new(value);

    public static NoticeId Of(TenantId tenant, GateId gate, string what, string channel)
    {
        var parts = JsonValue.Array(tenant.Value, gate.Value, what, channel).ToString();
        return new(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(parts)).AsSpan(0, 16)));
    }

    public override string ToString() => Value;
}
