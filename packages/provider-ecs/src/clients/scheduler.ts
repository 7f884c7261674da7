/** EventBridge Scheduler, as far as it is used. */
export {
  CreateScheduleCommand,
  CreateScheduleGroupCommand,
  DeleteScheduleCommand,
  DeleteScheduleGroupCommand,
  GetScheduleCommand,
  GetScheduleGroupCommand,
  ListScheduleGroupsCommand,
  ListSchedulesCommand,
  ListTagsForResourceCommand,
  SchedulerClient as Client,
  UpdateScheduleCommand,
} from "@aws-sdk/client-scheduler";
