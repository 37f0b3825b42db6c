using System.Globalization;
using Interlock.Http.Mcp;
using Interlock.Json;

namespace Interlock.Tests.Web;

public sealed class CallDeadlineTests
{
    private static readonly DateTimeOffset Ours = new(2026, 3, 3, 8, 30, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("\"2026-03-03T08:29:59Z\"", "2026-03-03T08:29:59.000Z")]
    [InlineData("\"2026-03-03T10:29:59.25+02:00\"", "2026-03-03T08:29:59.250Z")]
    [InlineData("\"2026-03-03T08:30:01Z\"", "2026-03-03T08:30:00.000Z")]
    [InlineData("\"2026-03-03T08:29:59\"", "2026-03-03T08:30:00.000Z")]
    [InlineData("\"soon\"", "2026-03-03T08:30:00.000Z")]
    [InlineData("7", "2026-03-03T08:30:00.000Z")]
    [InlineData("null", "2026-03-03T08:30:00.000Z")]
    public void Earlier_OfAClient_OnlyShortensOurs(string said, string holds) =>
        Assert.Equal(holds, CallDeadlines.Write(CallDeadlines.Earlier(JsonValue.Object((CallDeadlines.Meta, StrictJson.Parse(said))), Ours)));

    [Fact]
    public void Write_Deadline_IsReadBackAsItIs() =>
        Assert.Equal(Ours, DateTimeOffset.Parse(CallDeadlines.Write(Ours), CultureInfo.InvariantCulture));
}
