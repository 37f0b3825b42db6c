using Interlock.Core.Notices;
using Interlock.Http.Notices;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;

namespace Interlock.Functions.Upkeep;

/// <summary>Tells people of gates. Whoever is asked hears of it within a minute, or a little more: nothing wakes this before its time.</summary>
public sealed class NoticeFunctions(NoticeDelivery delivery, ServedTenant served, ILogger<NoticeFunctions> logger)
{
    [Function("notices")]
    public async Task DeliverAsync([TimerTrigger("30 * * * * *")] TimerInfo timer, CancellationToken cancellationToken) =>
        NoticeLog.Write(logger, await delivery.RunAsync(served.Tenant, cancellationToken));
}
