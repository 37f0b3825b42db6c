using Interlock.Core;
using Interlock.Core.Execution;
using Interlock.Core.Gateway.Callbacks;
using Interlock.Http.Hosting;
using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Events;

/// <summary>
/// <c>POST /a2a/{tenant}/{run}/{effect}</c>: where agents that were given the address say that a task moved. The secret of that call comes in the header of A2A's push
/// notifications; the body is not read. What has none is 404 and counted, whether there is such a call or not.
/// </summary>
internal sealed class NotificationFace(AgentNotices notices, InterlockWeb web, EdgeRefusals refusals)
{
    public const string Route = NotifyTarget.Path + "/{tenant}/{run}/{effect}";

    private const string Header = "X-A2A-Notification-Token";
    private const int MostInAMinute = 120;

    private readonly AttemptLimiter _attempts = new(TimeSpan.FromMinutes(1), web.Time);

    public async Task TakeAsync(HttpContext context)
    {
        var (tenant, run, effect) = (Part("tenant"), Part("run"), Part("effect"));
        var isCall = Ids.IsHex32(run) && Ids.IsHex32(effect);
        if (isCall && !_attempts.TryEnter((effect, MostInAMinute)))
        {
            await ProblemResponse.WriteAsync(context, new Problem(ProblemTypes.Limit, 429, "Too many notifications", "The task is asked after anyway.") { Stage = "authenticate", Rule = "notification-rate" });
            return;
        }
        if (isCall && context.Request.Headers[Header] is [{ Length: > 0 } secret]
            && await notices.NotifiedAsync(new TenantId(tenant), new RunId(run), new EffectId(effect), secret, web.Stopping))
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }
        var unknown = new Problem(ProblemTypes.NotFound, 404, "There is no such call", "Notify at the address and with the token that came with the call.") { Stage = "authenticate", Rule = "notification-secret" };
        refusals.Count(context, unknown);
        await ProblemResponse.WriteAsync(context, unknown);

        string Part(string name) => context.Request.RouteValues[name] as string ?? "";
    }
}
